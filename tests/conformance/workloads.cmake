# The object workloads, once per collector as in the cells, and their leaks under malloc.
get_property(objects GLOBAL PROPERTY HM_OBJECT_NAMES)
get_property(object_sources GLOBAL PROPERTY HM_OBJECT_SOURCES)
hm_generate_registry(hm_object_workload workloads/object.h hm_objects
  ${CMAKE_CURRENT_BINARY_DIR}/objects.c ${objects})
set(workload_run workload_run.c ${CMAKE_CURRENT_BINARY_DIR}/objects.c ${object_sources})

# hm_add_workload_program(NAME COLLECTOR SOURCES...)
function(hm_add_workload_program name collector)
  add_executable(${name} ${ARGN})
  target_compile_options(${name} PRIVATE ${HM_NO_BUILTIN_MALLOC})
  target_compile_definitions(${name} PRIVATE
    HM_TEST_INPUT_DIR="${CMAKE_CURRENT_BINARY_DIR}")
  target_link_libraries(${name} PRIVATE hm::flags hm_collector_${collector})
endfunction()

get_property(collectors GLOBAL PROPERTY HM_COLLECTORS)
foreach(c IN LISTS collectors)
  hm_add_workload_program(conformance_workloads_${c} ${c} workloads.c ${workload_run})
  target_link_libraries(conformance_workloads_${c} PRIVATE hm::dep::cmocka)
  hm_add_test(conformance workloads.${c} SECONDS 300 conformance_workloads_${c})
endforeach()
