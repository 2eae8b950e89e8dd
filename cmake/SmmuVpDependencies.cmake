# Debian's packages; libsystemc-dev has .pc files and no CMake config.
find_package(PkgConfig REQUIRED)
pkg_check_modules(SYSTEMC REQUIRED IMPORTED_TARGET systemc tlm)
pkg_check_modules(UNICORN IMPORTED_TARGET unicorn)
find_package(fmt REQUIRED)
find_package(Threads REQUIRED)
if(SMMUVP_TESTS)
  find_package(GTest REQUIRED)
endif()
