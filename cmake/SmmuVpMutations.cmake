# Errors put into libraries on purpose, one at a time, each of which a test must notice: tests/support/mutations.py.

# The objects of targets, as JSON strings.
function(smmuvp_mutation_objects out)
  set(all "")
  foreach(target IN LISTS ARGN)
    list(APPEND all "\"$<JOIN:$<TARGET_OBJECTS:${target}>,\", \">\"")
  endforeach()
  list(JOIN all ", " all)
  set(${out} "${all}" PARENT_SCOPE)
endfunction()

# smmuvp_mutation_test(<variable> <target> [NAMED] [CALLED <word>] [OF <folder>] [LIBRARIES <target or -l flag>...]
#   [ENVIRONMENT <name>=<value>...])
# Appends a test program to those that mutations are tried on, in that order. GoogleTest, fmt and smmuvp::base are linked
# to each, after LIBRARIES. What NAMED and OF mean, mutations.py says; CALLED is the program's name in what is printed.
function(smmuvp_mutation_test variable target)
  cmake_parse_arguments(A "NAMED" "CALLED;OF" "LIBRARIES;ENVIRONMENT" ${ARGN})
  set(libraries "")
  foreach(library IN LISTS A_LIBRARIES)
    if(library MATCHES "^-")
      list(APPEND libraries "\"${library}\"")
    else()
      list(APPEND libraries "\"$<TARGET_FILE:${library}>\"")
    endif()
  endforeach()
  list(APPEND libraries "\"$<TARGET_FILE:smmuvp_base>\"" "\"-Wl,-rpath,$<TARGET_FILE_DIR:smmuvp_base>\"" "\"-lfmt\""
    "\"$<TARGET_FILE:GTest::gtest_main>\"" "\"$<TARGET_FILE:GTest::gtest>\"")
  list(JOIN libraries ", " libraries)
  smmuvp_mutation_objects(objects ${target})
  set(test "\"name\": \"${target}\", \"objects\": [${objects}], \"libraries\": [${libraries}]")
  if(A_NAMED)
    string(APPEND test ", \"named\": true")
  endif()
  if(A_CALLED)
    string(APPEND test ", \"called\": \"${A_CALLED}\"")
  endif()
  if(A_OF)
    string(APPEND test ", \"of\": \"${A_OF}\"")
  endif()
  if(A_ENVIRONMENT)
    list(TRANSFORM A_ENVIRONMENT REPLACE "^([^=]+)=(.*)$" "\"\\1\": \"\\2\"")
    list(JOIN A_ENVIRONMENT ", " environment)
    string(APPEND test ", \"environment\": {${environment}}")
  endif()
  set(test "  {${test}}")
  if(${variable})
    string(PREPEND test "${${variable}},\n")
  endif()
  set(${variable} "${test}" PARENT_SCOPE)
endfunction()

# smmuvp_mutations(<name> AT_LEAST <n> LIBRARY <target>... TESTS <variable> [CXX <17|20>] [PARTS <n>])
# The lists *.txt of this folder. <name>_mutations_apply sees at once that there are so many, and that each applies to
# LIBRARY, whose last target has the include folders of all. <name>_mutations sees that each is caught: that takes a
# build apiece, and runs under the label nightly, in PARTS that can be run again by themselves.
function(smmuvp_mutations name)
  cmake_parse_arguments(A "" "AT_LEAST;TESTS;CXX;PARTS" "LIBRARY" ${ARGN})
  if(NOT A_CXX)
    set(A_CXX 20)
  endif()
  find_package(Python3 COMPONENTS Interpreter REQUIRED)
  set(runner ${PROJECT_SOURCE_DIR}/tests/support/mutations.py)
  set(settings ${CMAKE_CURRENT_BINARY_DIR}/settings.json)
  add_test(NAME ${name}_mutations_apply
    COMMAND Python3::Interpreter ${runner} --check ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR} ${A_AT_LEAST})
  set_tests_properties(${name}_mutations_apply PROPERTIES LABELS support)

  smmuvp_mutation_objects(library ${A_LIBRARY})
  list(GET A_LIBRARY -1 last)
  set(includes "$<JOIN:$<TARGET_PROPERTY:${last},INCLUDE_DIRECTORIES>,\", \"-I>")
  file(GENERATE OUTPUT ${settings} CONTENT "{
 \"lists\": \"${CMAKE_CURRENT_SOURCE_DIR}\",
 \"compile\": [\"${CMAKE_CXX_COMPILER}\", \"-std=c++${A_CXX}\", \"-O1\", \"-DNDEBUG\", \"-fPIE\", \"-I${includes}\"],
 \"link\": [\"${CMAKE_CXX_COMPILER}\", \"-pie\", \"-Wl,-S\"],
 \"library\": [${library}],
 \"tests\": [
${${A_TESTS}}
 ]
}
")
  if(SMMUVP_SANITIZE OR SMMUVP_COVERAGE)
    return()
  endif()
  set(tests "")
  if(A_PARTS)
    foreach(part RANGE 1 ${A_PARTS})
      set(test ${name}_mutations.${part}_of_${A_PARTS})
      add_test(NAME ${test}
        COMMAND Python3::Interpreter ${runner} ${PROJECT_SOURCE_DIR} ${settings} --part ${part} ${A_PARTS})
      list(APPEND tests ${test})
    endforeach()
  else()
    add_test(NAME ${name}_mutations COMMAND Python3::Interpreter ${runner} ${PROJECT_SOURCE_DIR} ${settings})
    set(tests ${name}_mutations)
  endif()
  set_tests_properties(${tests} PROPERTIES TIMEOUT 7200 PROCESSORS 2 LABELS nightly
    ENVIRONMENT "SYSTEMC_DISABLE_COPYRIGHT_MESSAGE=1")
endfunction()
