# One call in a folder's CMakeLists.txt makes a plug-in: it is compiled, listed by its
# cell, run by the driver and given its conformance test.  Nothing else names it.

macro(hm_note what state)
  set_property(GLOBAL APPEND PROPERTY HM_SUMMARY "${what}: ${state}")
endmacro()

# Workloads and malloc bindings: the compiler may not reason about malloc.
set(HM_NO_BUILTIN_MALLOC
  -fno-builtin-malloc -fno-builtin-free -fno-builtin-calloc
  -fno-builtin-realloc -fno-builtin-aligned_alloc -fno-builtin-posix_memalign)

# hm_add_allocator(NAME [EXAMPLE]): allocators/NAME.c, as an object for the tests and,
# through malloc_shim.c, as libhm_NAME.so for the cells; an EXAMPLE is tested only.
# Sanitizers own malloc: no shim there.
function(hm_add_allocator name)
  cmake_parse_arguments(P "EXAMPLE" "" "" ${ARGN})
  add_library(hm_allocator_${name} OBJECT ${name}.c)
  set_target_properties(hm_allocator_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_compile_options(hm_allocator_${name} PRIVATE -fno-builtin)
  target_link_libraries(hm_allocator_${name} PRIVATE hm::flags)
  set_property(GLOBAL APPEND PROPERTY HM_ALLOCATORS ${name})
  if(HM_SANITIZE)
    hm_note("allocator ${name}" "tests only (sanitizer build)")
    return()
  endif()
  add_library(hm_${name} SHARED malloc_shim.c)
  target_compile_definitions(hm_${name} PRIVATE
    HM_SHIM_ALLOCATOR=hm_allocator_${name} HM_SHIM_SOURCE="allocators/${name}.c")
  target_compile_options(hm_${name} PRIVATE -fno-builtin -fvisibility=hidden)
  target_link_libraries(hm_${name} PRIVATE hm::flags Threads::Threads)
  if(P_EXAMPLE)
    hm_note("allocator ${name}" "tests only (example)")
    return()
  endif()
  install(TARGETS hm_${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/heapmark)
  file(READ ${name}.c text)             # the summary's one home is the table there
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${name}.c)
  string(REGEX MATCH "\\.summary =[ \n]*\"([^\"]*)\"" text "${text}")
  set_property(GLOBAL APPEND PROPERTY HM_STRATEGIES
    "${name}|libhm_${name}.so|heapmark|${CMAKE_MATCH_1}")
  hm_note("allocator ${name}" "on")
endfunction()

# hm_add_preload(NAME SONAME lib.so.N|PATH PACKAGE debian-package): a packaged malloc, used
# as it is.  Whether it is installed is found out when heapmark runs, not here.
function(hm_add_preload name)
  cmake_parse_arguments(P "" "SONAME;PACKAGE" "" ${ARGN})
  set_property(GLOBAL APPEND PROPERTY HM_STRATEGIES
    "${name}|${P_SONAME}|${P_PACKAGE}|malloc of Debian's ${P_PACKAGE}")
endfunction()

# hm_add_collector(NAME [CENSUS] [SOURCES file...] [DEPENDS dep...]): collectors/NAME/NAME.h,
# inlined into the object workloads, collectors/NAME/NAME.c and further files beside it.
function(hm_add_collector name)
  cmake_parse_arguments(P "CENSUS" "" "SOURCES;DEPENDS" ${ARGN})
  foreach(dep IN LISTS P_DEPENDS)
    if(NOT TARGET hm::dep::${dep})
      hm_note("collector ${name}" "off (no ${dep})")
      return()
    endif()
  endforeach()
  list(TRANSFORM P_DEPENDS PREPEND hm::dep::)
  list(TRANSFORM P_SOURCES PREPEND ${name}/)
  add_library(hm_collector_${name} STATIC ${name}/${name}.c ${P_SOURCES})
  target_compile_definitions(hm_collector_${name} PUBLIC
    HM_COLLECTOR_HEADER="collectors/${name}/${name}.h"
    $<$<BOOL:${P_CENSUS}>:HM_CENSUS>)
  target_link_libraries(hm_collector_${name}
    PUBLIC hm::common hm::substrate ${P_DEPENDS} PRIVATE hm::flags)
  set_property(GLOBAL APPEND PROPERTY HM_COLLECTORS ${name})
  hm_note("collector ${name}" "on")
endfunction()

# hm_add_workload(object|block NAME): workloads/<kind>/NAME.c
function(hm_add_workload kind name)
  string(TOUPPER ${kind} up)
  set_property(GLOBAL APPEND PROPERTY HM_${up}_NAMES ${name})
  set_property(GLOBAL APPEND PROPERTY HM_${up}_SOURCES
    ${CMAKE_CURRENT_SOURCE_DIR}/${kind}/${name}.c)
endfunction()

# hm_add_chart(NAME DATA file.csv [SPLIT column]): plot/NAME.gp, drawn from that file of a
# campaign; with SPLIT once for each value of the column.
function(hm_add_chart name)
  cmake_parse_arguments(C "" "DATA;SPLIT" "" ${ARGN})
  set_property(GLOBAL APPEND PROPERTY HM_CHARTS "${name}|${C_DATA}|${C_SPLIT}")
endfunction()

function(hm_print_summary)
  get_property(lines GLOBAL PROPERTY HM_SUMMARY)
  foreach(l IN LISTS lines)
    message(STATUS "${l}")
  endforeach()
endfunction()
