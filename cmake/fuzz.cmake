# SPDX-License-Identifier: MIT
# fuzz/fuzz_*.c, one libFuzzer program each, in the build folder's fuzz/. Clang only.
if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "FOVEA_FUZZ needs Clang: cmake -DFOVEA_FUZZ=ON -DCMAKE_C_COMPILER=clang")
endif()
file(GLOB fuzz_programs CONFIGURE_DEPENDS fuzz/fuzz_*.c)
foreach(source ${fuzz_programs})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_include_directories(${name} PRIVATE src include)
  target_link_libraries(${name} PRIVATE fovea_rules fovea_static)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/fuzz")
endforeach()
