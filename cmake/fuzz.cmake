# SPDX-License-Identifier: MIT
# fuzz/fuzz_*.c, one libFuzzer program each, in the build folder's fuzz/. Clang only. The target
# `fuzz` runs them all, a minute each, with the limits that hold for every reader: 256 MB and one
# second for a file of at most 4096 bytes, whatever its header claims.
if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "FOVEA_FUZZ needs Clang: cmake -DFOVEA_FUZZ=ON -DCMAKE_C_COMPILER=clang")
endif()
file(GLOB fuzz_programs CONFIGURE_DEPENDS fuzz/fuzz_*.c)
set(FOVEA_FUZZ_SECONDS 60 CACHE STRING "How long the target `fuzz` runs each fuzzer")
add_custom_target(fuzz)

# The words of fuzz/lang.dict and the names of all operators.
file(READ fuzz/lang.dict words)
file(STRINGS src/op/op_list.h operators REGEX "^FV_OP\\(")
foreach(line ${operators})
  string(REGEX REPLACE "^FV_OP\\(([a-z0-9]+)\\).*" "\\1" name "${line}")
  string(APPEND words "\"${name}\"\n")
endforeach()
file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/fuzz/fuzz_lang.dict" "${words}")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS fuzz/lang.dict src/op/op_list.h)

foreach(source ${fuzz_programs})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_include_directories(${name} PRIVATE src include)
  target_link_libraries(${name} PRIVATE fovea_rules fovea_static ${optional_libraries})
  set(dictionary "${CMAKE_CURRENT_BINARY_DIR}/fuzz/${name}.dict")
  if(EXISTS "${dictionary}")
    set(dictionary "-dict=${dictionary}")
  else()
    set(dictionary "")
  endif()
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/fuzz")
  # What was found interesting before is tried again first. The sanitizer holds back freed memory to
  # catch its use; a little of it, so that the limit means what is in use.
  set(corpus "${CMAKE_CURRENT_BINARY_DIR}/fuzz/${name}.corpus")
  add_custom_target(run_${name}
    COMMAND ${CMAKE_COMMAND} -E make_directory "${corpus}"
    COMMAND ${CMAKE_COMMAND} -E env ASAN_OPTIONS=quarantine_size_mb=8:allocator_may_return_null=1
            $<TARGET_FILE:${name}> -rss_limit_mb=256 -timeout=1 -max_len=4096
            -max_total_time=${FOVEA_FUZZ_SECONDS} "-artifact_prefix=${corpus}.found-" ${dictionary} "${corpus}"
    DEPENDS ${name} USES_TERMINAL VERBATIM)
  add_dependencies(fuzz run_${name})
endforeach()
