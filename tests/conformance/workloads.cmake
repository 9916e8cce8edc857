# The object workloads, once per collector as in the cells; what they ask of malloc; and
# what they leave behind.
get_property(objects GLOBAL PROPERTY HM_OBJECT_NAMES)
get_property(block_sources GLOBAL PROPERTY HM_BLOCK_SOURCES)

# hm_add_workload_program(NAME COLLECTOR SOURCES...)
function(hm_add_workload_program name collector)
  add_executable(${name} ${ARGN} workload_run.c)
  target_compile_options(${name} PRIVATE ${HM_NO_BUILTIN_MALLOC})
  target_compile_definitions(${name} PRIVATE
    HM_TEST_INPUT_DIR="${CMAKE_CURRENT_BINARY_DIR}")
  target_link_libraries(${name}
    PRIVATE hm::flags hm_collector_${collector} hm_workloads_${collector})
endfunction()

get_property(collectors GLOBAL PROPERTY HM_COLLECTORS)
foreach(c IN LISTS collectors)
  hm_add_workload_program(conformance_workloads_${c} ${c} workloads.c workload_apart.c)
  target_link_libraries(conformance_workloads_${c} PRIVATE hm::dep::cmocka)
  hm_add_test(conformance workloads.${c} SECONDS 300 conformance_workloads_${c})
  if(c MATCHES "^(manual|generational|immix)$") # minutes: not under every collector
    hm_add_test(slow workloads.${c} SECONDS 900 conformance_workloads_${c} full)
  endif()
endforeach()

# What they ask of malloc, by name.
set(wrapped LINKER:--wrap=malloc LINKER:--wrap=calloc LINKER:--wrap=realloc
  LINKER:--wrap=posix_memalign LINKER:--wrap=free)
hm_add_workload_program(conformance_workload_trace manual workload_trace.c
  workload_apart.c malloc_trace.c)
target_link_options(conformance_workload_trace PRIVATE ${wrapped})
target_link_libraries(conformance_workload_trace PRIVATE hm::dep::cmocka)
hm_add_test(conformance workload_trace conformance_workload_trace)

# Block workloads at small sizes, of which the sanitizers watch every access.
set(small_sizes ${PROJECT_SOURCE_DIR}/tests/fixtures/small_block_sizes.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${small_sizes})
file(STRINGS ${small_sizes} small_lines)
foreach(line IN LISTS small_lines)
  string(REPLACE " " ";param." words "${line}")
  list(POP_FRONT words w)
  hm_add_test(conformance block.${w}
    heapmark-cell-manual run ${w} strategy=glibc ${words})
  set_tests_properties(conformance.block.${w} PROPERTIES
    FAIL_REGULAR_EXPRESSION "status\t[^o]|status\toom")
endforeach()
get_property(blocks GLOBAL PROPERTY HM_BLOCK_NAMES)
set(gen ${CMAKE_CURRENT_BINARY_DIR})
hm_generate_registry(hm_block_workload workloads/block.h hm_blocks ${gen}/blocks.c ${blocks})
add_executable(conformance_block_trace block_trace.c malloc_trace.c ${gen}/blocks.c
  ${block_sources})
target_compile_options(conformance_block_trace PRIVATE ${HM_NO_BUILTIN_MALLOC})
target_link_options(conformance_block_trace PRIVATE ${wrapped})
target_link_libraries(conformance_block_trace PRIVATE hm::flags hm::common hm::dep::cmocka)
hm_add_test(conformance block_trace conformance_block_trace)

if(HM_SANITIZE MATCHES "address")     # what it forgets is found
  set_tests_properties(conformance.block.leak_slow PROPERTIES
    ENVIRONMENT "ASAN_OPTIONS=detect_leaks=1;LSAN_OPTIONS=exitcode=23"
    PASS_REGULAR_EXPRESSION
    "LeakSanitizer: detected memory leaks.*leaked in [12][0-9] allocation")
endif()

# LeakSanitizer comes with AddressSanitizer, or alone; ThreadSanitizer excludes it.
if(HM_SANITIZE MATCHES "thread")
  hm_note("tests conformance.leaks" "off (thread sanitizer)")
  return()
endif()
hm_add_workload_program(conformance_workload_leaks manual workload_leaks.c)
if(NOT HM_SANITIZE MATCHES "address")
  target_compile_options(conformance_workload_leaks PRIVATE -fsanitize=leak)
  target_link_options(conformance_workload_leaks PRIVATE -fsanitize=leak)
endif()

# Nothing may be left, but by those that lose it, which must be found.  Small sizes: a
# line per workload; without one it runs at its quick size.
set(small_sizes ${PROJECT_SOURCE_DIR}/tests/fixtures/small_sizes.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${small_sizes})
file(STRINGS ${small_sizes} small_lines)
function(hm_add_leaks_test name workload)
  hm_add_test(conformance leaks.${name} conformance_workload_leaks ${workload} "${ARGN}")
  set_tests_properties(conformance.leaks.${name} PROPERTIES
    ENVIRONMENT "ASAN_OPTIONS=detect_leaks=1;LSAN_OPTIONS=exitcode=23")
endfunction()
foreach(w IN LISTS objects)
  set(small ${small_lines})
  list(FILTER small INCLUDE REGEX "^${w} ")
  string(REPLACE "${w} " "" small "${small}")
  hm_add_leaks_test(${w} ${w} "${small}")
  if(w MATCHES "^leak_" AND NOT w STREQUAL "leak_none")
    hm_add_leaks_test(${w}.twin ${w} "${small} twin=1")
  endif()
endforeach()
function(hm_leaks_are_found workload objects)
  set_tests_properties(conformance.leaks.${workload} PROPERTIES PASS_REGULAR_EXPRESSION
    "LeakSanitizer: detected memory leaks.*${objects} object")
endfunction()
hm_leaks_are_found(leak_lost "499[0-9]")
hm_leaks_are_found(leak_chain "49[0-9][0-9]")
hm_leaks_are_found(leak_connection "5[0-3]")
