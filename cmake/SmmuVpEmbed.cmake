# cmake -D OUTPUT=FILE.cpp -D NAMESPACE=NAME -D VARIABLES="a=FILE+FILE,b=FILE" -P SmmuVpEmbed.cmake: a source file with
# the bytes of files as constants, std::string_view each; of several files joined by '+' one after the other.
set(text "#include <string_view>\nnamespace ${NAMESPACE} {\n")
string(REPLACE "," ";" variables "${VARIABLES}")
foreach(variable IN LISTS variables)
  string(REGEX MATCH "^([a-z_]+)=(.*)$" whole "${variable}")
  set(name ${CMAKE_MATCH_1})
  string(REPLACE "+" ";" files "${CMAKE_MATCH_2}")
  set(bytes "")
  foreach(file IN LISTS files)
    file(READ "${file}" hex HEX)
    string(APPEND bytes "${hex}")
  endforeach()
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
  string(REGEX REPLACE "(('[^,]*,){16})" "\\1\n" bytes "${bytes}")
  string(APPEND text "static const char ${name}_bytes[] = {${bytes}};\n"
    "extern const std::string_view ${name};\nconst std::string_view ${name}(${name}_bytes, sizeof ${name}_bytes);\n")
endforeach()
file(WRITE "${OUTPUT}" "${text}}  // namespace\n")
