# SPDX-License-Identifier: MIT
# The tests, for CTest.
#
#   tests/test_*.c     one executable each, with cmocka and the static library; may include
#                      anything in src/. A name with "alloc" in it gets malloc and its relatives
#                      through --wrap, so that the test can refuse memory.
#   tests/*_main.c     an executable with its own main and without cmocka, for any target
#   tests/*.c, other   shared by all of these
#   bench_cpu          bench/bench_cpu.c: small layers checked, some timed; on any target
#   net_shapes         the files of bench/shapes are what the zoo gives
#   bench_threads      bench/bench_threads.c, a call of each kind
#   docs_*             the example of docs/adding-an-operator.md, built and tested
#   tests/cli_*.sh|py  tests of the command; it is $FOVEA
#   tests/install_*.sh tests of the installed library; the build folder is $FOVEA_BUILD
#
# Every test is run in a folder of its own in the build folder and finds the sources at
# $FOVEA_SOURCE.
file(GLOB unit_tests CONFIGURE_DEPENDS tests/test_*.c)
file(GLOB main_tests CONFIGURE_DEPENDS tests/*_main.c)
file(GLOB shared_sources CONFIGURE_DEPENDS tests/*.c)
file(GLOB cli_tests CONFIGURE_DEPENDS tests/cli_*.sh tests/cli_*.py)
file(GLOB install_tests CONFIGURE_DEPENDS tests/install_*.sh)
if(unit_tests OR main_tests)
  list(REMOVE_ITEM shared_sources ${unit_tests} ${main_tests})
endif()

set(test_environment "FOVEA_SOURCE=${CMAKE_CURRENT_SOURCE_DIR}"
                     "FOVEA_BUILD=${CMAKE_CURRENT_BINARY_DIR}")
if(FOVEA_SANITIZE)
  list(APPEND test_environment "FOVEA_SANITIZE=${FOVEA_SANITIZE}"
    "UBSAN_OPTIONS=print_stacktrace=1" "ASAN_OPTIONS=allocator_may_return_null=1"
    "TSAN_OPTIONS=allocator_may_return_null=1")
endif()

# Runs a command as a test in a folder of its own.
function(fovea_test name)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/tests/${name}")
  file(MAKE_DIRECTORY "${folder}")
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY "${folder}")
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${test_environment}" TIMEOUT 900
    SKIP_RETURN_CODE 77)
endfunction()

set(test_objects $<TARGET_OBJECTS:fovea_bench_objects>) # what the benchmarks share too
if(shared_sources)
  list(REMOVE_ITEM shared_sources ${bench_shared})
  add_library(fovea_test_objects OBJECT ${shared_sources})
  target_include_directories(fovea_test_objects PRIVATE src include tests)
  target_link_libraries(fovea_test_objects PRIVATE fovea_rules ${optional_libraries})
  list(APPEND test_objects $<TARGET_OBJECTS:fovea_test_objects>)
  if(onnx_sources)
    add_dependencies(fovea_test_objects fovea_messages)
  endif()
endif()

function(fovea_test_program source name)
  add_executable(${name} ${source} ${test_objects})
  target_include_directories(${name} PRIVATE src include tests)
  target_link_libraries(${name} PRIVATE fovea_rules fovea_static ${optional_libraries})
  if(have_threads)
    target_link_libraries(${name} PRIVATE Threads::Threads)
  endif()
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/tests/bin")
endfunction()

set(cpu_parts 3)
# Under sanitizers each set of instructions takes one in so many of the drawn problems, the next set
# others, which go through the same sources; and one request for memory in two is refused alone, the
# others with all that follow. Without them, and by script/test --long with them, all are tried.
set(drawn_share "")
set(refused_share "")
if(FOVEA_SANITIZE)
  set(drawn_share 4)
  set(refused_share 2)
endif()
find_program(PYTHON_PROGRAM NAMES /usr/bin/python3 python3)

find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND AND NOT CMAKE_CROSSCOMPILING)
  pkg_check_modules(CMOCKA QUIET IMPORTED_TARGET cmocka)
endif()

# Where test_ops and test_cpu do what ops_main does, one operator shows that it works too.
foreach(source ${main_tests})
  get_filename_component(name ${source} NAME_WE)
  fovea_test_program(${source} ${name})
  if(CMOCKA_FOUND AND name STREQUAL "ops_main")
    fovea_test(${name} ${name} lrn)
  else()
    fovea_test(${name} ${name})
  endif()
endforeach()

if(CMOCKA_FOUND)
  foreach(source ${unit_tests})
    get_filename_component(name ${source} NAME_WE)
    fovea_test_program(${source} ${name})
    target_link_libraries(${name} PRIVATE PkgConfig::CMOCKA)
    if(name MATCHES "alloc")
      target_link_options(${name} PRIVATE
        LINKER:--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,--wrap=posix_memalign)
    endif()
    if(name STREQUAL "test_cpu") # the longest, in parts that run beside each other
      foreach(part RANGE 1 ${cpu_parts})
        math(EXPR index "${part} - 1")
        fovea_test(${name}_${part} ${name} ${index} ${cpu_parts} ${drawn_share})
      endforeach()
    elseif(name STREQUAL "test_variants")
      fovea_test(${name} ${name} ${drawn_share})
    elseif(name STREQUAL "test_alloc_public")
      fovea_test(${name} ${name} ${refused_share})
    else()
      fovea_test(${name} ${name})
    endif()
  endforeach()
else()
  message(STATUS "cmocka not found: the tests that need it are left out")
endif()

# The long ones begin first, so that none is left alone at the end.
function(fovea_long_tests)
  foreach(name ${ARGN})
    if(TEST ${name})
      set_tests_properties(${name} PROPERTIES COST 1000)
    endif()
  endforeach()
endfunction()

# The example of a page of the documentation as it stands there: its files, and its lines in the
# lists, beside ours, go through the tests of operators and of optimisers.
set(page "${CMAKE_CURRENT_SOURCE_DIR}/docs/adding-an-operator.md")
set(lists op/op_list cpu/impl_list optim/optim_list)
function(fovea_example_test name source)
  fovea_test_program(${source} ${name})
  target_sources(${name} PRIVATE ${example_sources})
  target_include_directories(${name} BEFORE PRIVATE "${CMAKE_CURRENT_BINARY_DIR}/docs_example")
  fovea_test(${name} ${name} ${ARGN})
endfunction()
if(PYTHON_PROGRAM AND test_objects)
  execute_process(COMMAND ${PYTHON_PROGRAM} "${CMAKE_CURRENT_SOURCE_DIR}/tests/docs_example.py"
      ${page} "${CMAKE_CURRENT_SOURCE_DIR}/src" "${CMAKE_CURRENT_BINARY_DIR}/docs_example"
    RESULT_VARIABLE status)
  if(status)
    message(FATAL_ERROR "the example of ${page} could not be taken out")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page} tests/docs_example.py)
  file(GLOB example_sources "${CMAKE_CURRENT_BINARY_DIR}/docs_example/*/*.c")
  foreach(list ${lists})
    list(APPEND example_sources src/${list}.c)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS src/${list}.h)
  endforeach()
  fovea_example_test(docs_operator tests/ops_main.c squareplus)
  if(CMOCKA_FOUND)
    fovea_example_test(docs_optimizer tests/test_optim.c)
    target_sources(docs_optimizer PRIVATE src/net/settings.c) # which holds the options of all
    target_link_libraries(docs_optimizer PRIVATE PkgConfig::CMOCKA)
  endif()
endif()

# Implementations on layers of networks, the smaller ones of some files (script/test --long has all of
# all files): a target that sees its own folder only gets the files there. And the benchmarks run; how
# long they take is nobody's business here.
set(checked_shapes small.txt squeezenet1.1.txt mobilenet-v2.txt)
foreach(file ${checked_shapes})
  configure_file(bench/shapes/${file} "${CMAKE_CURRENT_BINARY_DIR}/tests/bench_cpu/${file}" COPYONLY)
endforeach()
fovea_test(bench_cpu bench_cpu ${checked_shapes} check most=3)
if(NOT CMAKE_CROSSCOMPILING)
  set(shapes "${CMAKE_CURRENT_SOURCE_DIR}/bench/shapes")
  fovea_test(bench_cpu_timed bench_cpu "${shapes}/small.txt" 64x120 training seconds=0)
  fovea_test(net_shapes net_shapes "${shapes}" check)
  fovea_test(bench_threads bench_threads seconds=0)
endif()

# Scripts, by what follows their name: .sh by bash, .py by python3.
find_program(BASH_PROGRAM bash)
if(command_sources AND NOT CMAKE_CROSSCOMPILING)
  list(APPEND test_environment "FOVEA=$<TARGET_FILE:fovea_command>")
  foreach(script ${cli_tests})
    get_filename_component(name ${script} NAME_WE)
    if(script MATCHES "\\.sh$")
      fovea_test(${name} ${BASH_PROGRAM} ${script})
    elseif(PYTHON_PROGRAM)
      fovea_test(${name} ${PYTHON_PROGRAM} ${script})
    endif()
  endforeach()
  foreach(script ${install_tests})
    get_filename_component(name ${script} NAME_WE)
    fovea_test(${name} ${BASH_PROGRAM} ${script})
  endforeach()
endif()

fovea_long_tests(test_cpu_1 test_cpu_2 test_cpu_3 test_variants test_ops test_lang_fuzz
  test_alloc_public test_alloc_lang test_tuning test_tuning_file cli_resume cli_zoo cli_program
  cli_export cli_disk_full cli_bad_input cli_usage install_examples)
