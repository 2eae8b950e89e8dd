# Every library has an include folder of its own, <part>/include/smmuvp/<part>/: a header of a
# part that a target does not link is not on its include path, so a wrong include does not compile.
include(GNUInstallDirs)

# What goes into shared objects is hidden unless it is marked SMMUVP_EXPORT (models/base, export.h).
set(SMMUVP_HIDDEN CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)

# smmuvp_exports(<target> <map>): what a shared object shows is what <map>, in this folder, lets through.
set(SMMUVP_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})
function(smmuvp_exports target map)
  target_link_options(${target} PRIVATE -Wl,--version-script=${SMMUVP_CMAKE_DIR}/${map})
  set_target_properties(${target} PROPERTIES LINK_DEPENDS ${SMMUVP_CMAKE_DIR}/${map})
  # Calls inside a library go to its own functions, exported or not.
  target_compile_options(${target} PRIVATE -fno-semantic-interposition)
endfunction()

# smmuvp_library(<name> STATIC|SHARED CXX <17|20> SOURCES ... [PUBLIC ...] [PRIVATE ...] [SYSTEMC] [IPO])
# Defines smmuvp_<name> and the alias smmuvp::<name>. IPO: with link-time optimisation in releases.
function(smmuvp_library name kind)
  cmake_parse_arguments(A "SYSTEMC;IPO" "CXX" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  set(target smmuvp_${name})
  add_library(${target} ${kind} ${A_SOURCES})
  add_library(smmuvp::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME smmuvp-${name} EXPORT_NAME ${name} CXX_STANDARD ${A_CXX} ${SMMUVP_HIDDEN})
  if(A_IPO AND SMMUVP_IPO)
    set_target_properties(${target} PROPERTIES INTERPROCEDURAL_OPTIMIZATION ON)
  endif()
  if(kind STREQUAL SHARED)
    smmuvp_exports(${target} library.map)
  endif()
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/include)
    target_include_directories(${target} PUBLIC
      $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
      $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  endif()
  # What a consumer of the headers needs; the sources may use more.
  target_compile_features(${target} INTERFACE cxx_std_17)
  target_link_libraries(${target} PUBLIC ${A_PUBLIC} PRIVATE ${A_PRIVATE})
  if(A_SYSTEMC)
    target_link_libraries(${target} PUBLIC PkgConfig::SYSTEMC)
  endif()
endfunction()

# smmuvp_plugin(<name> SOURCES ... [PRIVATE ...]): a component that the platform loads at run time.
function(smmuvp_plugin name)
  cmake_parse_arguments(A "" "" "SOURCES;PRIVATE" ${ARGN})
  set(target smmuvp_${name})
  add_library(${target} MODULE ${A_SOURCES})
  set_target_properties(${target} PROPERTIES
    PREFIX "lib" OUTPUT_NAME smmuvp-${name} CXX_STANDARD 17 ${SMMUVP_HIDDEN}
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/smmu-vp)
  smmuvp_exports(${target} plugin.map)
  target_link_libraries(${target} PRIVATE smmuvp::tlm ${A_PRIVATE})
  set_property(GLOBAL APPEND PROPERTY SMMUVP_PLUGINS ${target})
endfunction()

# smmuvp_needs_systemc(<variable> <library>...): whether linking these links SystemC.
function(smmuvp_needs_systemc result)
  set(queue ${ARGN})
  set(seen)
  set(${result} FALSE PARENT_SCOPE)
  while(queue)
    list(POP_FRONT queue library)
    string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" library "${library}")
    if(library STREQUAL PkgConfig::SYSTEMC)
      set(${result} TRUE PARENT_SCOPE)
      return()
    endif()
    if(TARGET ${library} AND NOT library IN_LIST seen)
      list(APPEND seen ${library})
      get_target_property(more ${library} INTERFACE_LINK_LIBRARIES)
      if(more)
        list(APPEND queue ${more})
      endif()
    endif()
  endwhile()
endfunction()

# smmuvp_test(<name> [OPTIMISED] [CXX <17|20>] SOURCES ... LINK ... [LABELS ...] [TIMEOUT <s>])
# One GoogleTest binary; each TEST becomes a CTest test of the binary's name. Its label is systemc or, for plain C++, core.
function(smmuvp_test name)
  cmake_parse_arguments(A "OPTIMISED" "CXX;TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT A_CXX)
    set(A_CXX 17)
  endif()
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  if(SMMUVP_COVERAGE)  # unoptimised, and counting
    math(EXPR A_TIMEOUT "10 * ${A_TIMEOUT}")
  elseif(SMMUVP_SANITIZE)
    math(EXPR A_TIMEOUT "5 * ${A_TIMEOUT}")
  endif()
  add_executable(${name} ${A_SOURCES})
  set_target_properties(${name} PROPERTIES CXX_STANDARD ${A_CXX})
  # Most tests' own code runs once and is compiled in every clean build: it is optimised no more than pays. What a test
  # runs long, such as a second model, is a library of its own, or OPTIMISED.
  if(NOT A_OPTIMISED)
    target_compile_options(${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1>)
  endif()
  target_link_libraries(${name} PRIVATE ${A_LINK} GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${A_TIMEOUT}
    ENVIRONMENT "SYSTEMC_DISABLE_COPYRIGHT_MESSAGE=1")
  smmuvp_needs_systemc(systemc ${A_LINK})
  if(systemc)
    list(APPEND A_LABELS systemc)
  else()
    list(APPEND A_LABELS core)
  endif()
  list(REMOVE_DUPLICATES A_LABELS)
  set_tests_properties(${name} PROPERTIES LABELS "${A_LABELS}")
endfunction()

# smmuvp_fuzzer(<name> [CXX <17|20>] SOURCES ... LINK ...): a libFuzzer binary; only with SMMUVP_FUZZ.
function(smmuvp_fuzzer name)
  cmake_parse_arguments(A "" "CXX" "SOURCES;LINK" ${ARGN})
  if(NOT A_CXX)
    set(A_CXX 17)
  endif()
  add_executable(${name} ${A_SOURCES})
  set_target_properties(${name} PROPERTIES CXX_STANDARD ${A_CXX})
  target_link_libraries(${name} PRIVATE ${A_LINK})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endfunction()
