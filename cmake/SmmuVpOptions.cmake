# Options, compiler settings and output folders.
option(SMMUVP_WERROR "Treat warnings as errors" OFF)
option(SMMUVP_TESTS "Build the tests" ON)
option(SMMUVP_GUEST "Build the guest kernel and its modules (needs gcc-aarch64-linux-gnu)" ON)
option(SMMUVP_FUZZ "Build the libFuzzer targets (clang only)" OFF)
option(SMMUVP_COVERAGE "Instrument for gcov" OFF)
set(SMMUVP_SANITIZE "" CACHE STRING "Sanitizers, as in -fsanitize=, for example address,undefined")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# One layout on every system: bin, lib, include, share.
set(CMAKE_INSTALL_LIBDIR lib)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# Plugins and their tests must find each other in the build tree as in the install tree.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

add_compile_options(-Wall -Wextra -Wconversion)
if(SMMUVP_WERROR)
  add_compile_options(-Werror)
  # GCC's optimiser guesses at these, each version otherwise, and wrongly at what it has inlined: they are shown.
  foreach(guess array-bounds dangling-pointer free-nonheap-object maybe-uninitialized restrict stringop-overflow
      stringop-overread)
    add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-error=${guess}>)
  endforeach()
endif()
# What is installed names no path of the machine that built it. Not in other builds, where a compiler cache would
# not find what another checkout has built, and debuggers need the paths.
add_compile_options($<$<CONFIG:Release>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=>)
# Link-time optimisation of what goes into the SMMUs' libraries (smmuvp_library(... IPO)): their cores are many small
# calls between files. Releases only: it makes a build longer.
if(CMAKE_BUILD_TYPE STREQUAL Release)
  include(CheckIPOSupported)
  check_ipo_supported(RESULT SMMUVP_IPO OUTPUT smmuvp_no_ipo LANGUAGES CXX)
  if(NOT SMMUVP_IPO)
    message(STATUS "no link-time optimisation: ${smmuvp_no_ipo}")
  endif()
endif()
if(SMMUVP_SANITIZE)
  add_compile_options(-fsanitize=${SMMUVP_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SMMUVP_SANITIZE})
endif()
if(SMMUVP_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
if(SMMUVP_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "SMMUVP_FUZZ needs clang: use the preset 'fuzz'")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
