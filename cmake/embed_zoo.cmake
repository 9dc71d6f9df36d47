# SPDX-License-Identifier: MIT
# Writes the texts ZOO/*.net into the C file OUT as fv__zoo[] (lang/lang.h), sorted by name.
# Run as: cmake -DZOO=folder -DOUT=file -P embed_zoo.cmake
file(GLOB texts "${ZOO}/*.net")
set(names "")
foreach(path ${texts})
  get_filename_component(name "${path}" NAME)
  string(REGEX REPLACE "\\.net$" "" name "${name}")
  list(APPEND names "${name}")
endforeach()
list(SORT names COMPARE STRING)

set(c "/* Made from the texts in zoo/ by cmake/embed_zoo.cmake; do not change. */\n")
string(APPEND c "#include \"lang/lang.h\"\n\n")
string(APPEND c "extern const fv_zoo_entry fv__zoo[];\n")
string(APPEND c "const fv_zoo_entry fv__zoo[] = {\n")
foreach(name ${names})
  # One literal per line of the text; compilers join them. "?" is escaped because of trigraphs.
  file(READ "${ZOO}/${name}.net" text)
  # The licence line is for who reads the file; a text shown by the program starts with the net.
  string(REGEX REPLACE "^# SPDX-License-Identifier: [^\n]*\n" "" text "${text}")
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "?" "\\?" text "${text}")
  string(REPLACE "\t" "\\t" text "${text}")
  string(REPLACE "\r" "" text "${text}")
  string(REPLACE "\n" "\\n\"\n     \"" text "${text}")
  string(APPEND c "    {\"${name}\",\n     \"${text}\"},\n")
endforeach()
string(APPEND c "    {NULL, NULL}};\n")
file(WRITE "${OUT}" "${c}")
