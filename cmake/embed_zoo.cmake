# SPDX-License-Identifier: MIT
# Writes the texts ZOO/*.net into the C file OUT as fv__zoo[] (lang/lang.h), with what the comment
# each begins with says. Sorted by name; digits count as numbers: resnet20 before resnet110.
# Run as: cmake -DZOO=folder -DOUT=file -P embed_zoo.cmake
file(GLOB texts "${ZOO}/*.net")
set(names "")
foreach(path ${texts})
  get_filename_component(name "${path}" NAME)
  string(REGEX REPLACE "\\.net$" "" name "${name}")
  # every number with as many digits, and a name before those it begins
  string(REGEX REPLACE "([0-9]+)" "00000\\1" key "${name}")
  string(REGEX REPLACE "0*([0-9][0-9][0-9][0-9][0-9][0-9])([^0-9]|$)" "\\1\\2" key "${key}")
  list(APPEND names "${key} ${name}")
endforeach()
list(SORT names COMPARE STRING)

# A C literal of a text. "?" is escaped because of trigraphs.
function(literal text out)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "?" "\\?" text "${text}")
  string(REPLACE "\t" "\\t" text "${text}")
  string(REPLACE "\r" "" text "${text}")
  # one literal per line of the text; compilers join them
  string(REPLACE "\n" "\\n\"\n     \"" text "${text}")
  set(${out} "\"${text}\"" PARENT_SCOPE)
endfunction()

# What stands behind "# WHAT:" in the comment, as one line.
function(entry text what out)
  set(found "")
  if(text MATCHES "\n# ${what}: +([^\n]*(\n#   [^\n]*)*)")
    string(REGEX REPLACE "\n# +" " " found "${CMAKE_MATCH_1}")
  endif()
  literal("${found}" found)
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

# The first number before `what` in the comment.
function(number text what out)
  set(found 0)
  if(text MATCHES "([0-9,]+) ${what}")
    string(REPLACE "," "" found "${CMAKE_MATCH_1}")
  endif()
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

set(c "/* Made from the texts in zoo/ by cmake/embed_zoo.cmake; do not change. */\n")
string(APPEND c "#include \"lang/lang.h\"\n\n")
string(APPEND c "extern const fv_zoo_network fv__zoo[];\n")
string(APPEND c "const fv_zoo_network fv__zoo[] = {\n")
foreach(name ${names})
  string(REGEX REPLACE "^.* " "" name "${name}")
  file(READ "${ZOO}/${name}.net" text)
  # The licence line is for who reads the file; a text shown by the program starts with the net.
  string(REGEX REPLACE "^# SPDX-License-Identifier: [^\n]*\n" "" text "${text}")
  string(REGEX MATCH "^# *[^\n]*" title "${text}")
  string(REGEX REPLACE "^# *" "" title "${title}")
  literal("${title}" title)
  entry("${text}" "Source" source)
  entry("${text}" "Expected" expected)
  number("${text}" "parameters" parameters)
  number("${text}" "MACs" macs)
  literal("${text}" text)
  string(APPEND c "    {\"${name}\",\n     ${text},\n     ${title},\n     ${source},\n"
                  "     ${expected},\n     ${parameters}, ${macs}},\n")
endforeach()
string(APPEND c "    {NULL, NULL, NULL, NULL, NULL, 0, 0}};\n")
file(WRITE "${OUT}" "${c}")
