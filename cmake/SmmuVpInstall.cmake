# What is installed, and the package files for find_package(smmu-vp) and pkg-config.
include(CMakePackageConfigHelpers)

# A program in bin/ and a plugin in lib/smmu-vp/ both find lib/.
get_property(smmuvp_plugins GLOBAL PROPERTY SMMUVP_PLUGINS)
list(REMOVE_ITEM smmuvp_plugins smmuvp_smmuv2 smmuvp_smmuv3)  # go to lib/, as below
foreach(target IN LISTS smmuvp_plugins)
  set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN/..")
endforeach()
if(smmuvp_plugins)
  install(TARGETS ${smmuvp_plugins} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/smmu-vp)
endif()
if(TARGET smmu-vp)
  set_target_properties(smmu-vp PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
  install(TARGETS smmu-vp RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# The libraries that anybody's SystemC program can link.
set(smmuvp_libraries smmuvp_base smmuvp_tlm smmuvp_smmuv2 smmuvp_smmuv3)
set_target_properties(${smmuvp_libraries} PROPERTIES INSTALL_RPATH "$ORIGIN" VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
install(TARGETS ${smmuvp_libraries} smmuvp_pgtable_types EXPORT smmu-vp LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY
  ${PROJECT_SOURCE_DIR}/pgtable/types/include/
  ${PROJECT_SOURCE_DIR}/models/base/include/
  ${PROJECT_BINARY_DIR}/models/base/include/
  ${PROJECT_SOURCE_DIR}/models/tlm/include/
  ${PROJECT_SOURCE_DIR}/smmuv2/sc/include/
  ${PROJECT_SOURCE_DIR}/smmuv3/sc/include/
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
# The libraries of SMMUs are plugins as well.
foreach(smmu smmuv2 smmuv3)
  install(CODE "file(MAKE_DIRECTORY \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/smmu-vp\")
file(CREATE_LINK ../libsmmuvp-${smmu}.so
  \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/smmu-vp/libsmmuvp-${smmu}.so\" SYMBOLIC)")
endforeach()

install(EXPORT smmu-vp NAMESPACE smmuvp:: FILE smmu-vp-targets.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/smmu-vp)
file(WRITE ${CMAKE_BINARY_DIR}/smmu-vp-config.cmake
"# find_package(smmu-vp) gives smmuvp::smmuv2, smmuvp::smmuv3, smmuvp::tlm and smmuvp::base (with smmuvp::pgtable_types).
include(CMakeFindDependencyMacro)
find_dependency(PkgConfig)
pkg_check_modules(SYSTEMC REQUIRED IMPORTED_TARGET systemc tlm)
include(\${CMAKE_CURRENT_LIST_DIR}/smmu-vp-targets.cmake)
")
write_basic_package_version_file(${CMAKE_BINARY_DIR}/smmu-vp-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/smmu-vp-config.cmake ${CMAKE_BINARY_DIR}/smmu-vp-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/smmu-vp)

# prefix is relative to the .pc file, so that an install tree can be moved.
file(WRITE ${CMAKE_BINARY_DIR}/smmu-vp.pc
"prefix=\${pcfiledir}/../..
libdir=\${prefix}/lib
includedir=\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}

Name: smmu-vp
Description: ${PROJECT_DESCRIPTION}
Version: ${PROJECT_VERSION}
Requires: systemc tlm
Cflags: -I\${includedir}
Libs: -L\${libdir} -lsmmuvp-smmuv2 -lsmmuvp-smmuv3 -lsmmuvp-tlm -lsmmuvp-base
")
install(FILES ${CMAKE_BINARY_DIR}/smmu-vp.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The guest: what "guest:" means in a configuration.
if(SMMUVP_GUEST)
  install(FILES ${CMAKE_BINARY_DIR}/sw/Image ${CMAKE_BINARY_DIR}/sw/kernel.elf ${CMAKE_BINARY_DIR}/sw/gki.init ${CMAKE_BINARY_DIR}/sw/disk.tar
    DESTINATION ${CMAKE_INSTALL_DATADIR}/smmu-vp/guest)
  install(DIRECTORY ${CMAKE_BINARY_DIR}/sw/modules/ DESTINATION ${CMAKE_INSTALL_DATADIR}/smmu-vp/guest/modules
    FILES_MATCHING PATTERN "*.ko" PATTERN "*.ko.debug")
  install(DIRECTORY ${CMAKE_BINARY_DIR}/sw/kit DESTINATION ${CMAKE_INSTALL_DATADIR}/smmu-vp/guest)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/vp-configs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/smmu-vp/vp-configs)
set(bare_metal ${PROJECT_SOURCE_DIR}/examples/bare-metal)
install(FILES ${bare_metal}/Makefile ${bare_metal}/link.ld ${bare_metal}/main.c ${bare_metal}/platform.toml
  ${bare_metal}/start.S DESTINATION ${CMAKE_INSTALL_DATADIR}/smmu-vp/examples/bare-metal)
set(guest_module ${PROJECT_SOURCE_DIR}/examples/guest-module)
install(FILES ${guest_module}/Makefile ${guest_module}/mydma.c ${guest_module}/script.init
  DESTINATION ${CMAKE_INSTALL_DATADIR}/smmu-vp/examples/guest-module)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples/story DESTINATION ${CMAKE_INSTALL_DATADIR}/smmu-vp/examples)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
