# hm::flags -- the one interface target that every target of ours links PRIVATE;
# hm::plain_flags -- the same without sanitizers, for what a foreign program loads.
add_library(hm_plain_flags INTERFACE)
add_library(hm::plain_flags ALIAS hm_plain_flags)
add_library(hm_flags INTERFACE)
add_library(hm::flags ALIAS hm_flags)
target_link_libraries(hm_flags INTERFACE hm_plain_flags)

option(HM_WERROR "Treat warnings as errors" OFF)
option(HM_ANALYZER "Run gcc's -fanalyzer on every file" OFF)
option(HM_TINY_QUEUES "Mark queues of 16 entries, for tests of what they drop" OFF)
set(HM_SANITIZE "" CACHE STRING "Sanitizers, as in -fsanitize=: address,undefined | thread")

target_include_directories(hm_plain_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(hm_plain_flags INTERFACE _GNU_SOURCE
  $<$<BOOL:${HM_TINY_QUEUES}>:HM_TINY_QUEUES>)
target_compile_options(hm_plain_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
  -Wmissing-prototypes -Wpointer-arith -Wcast-align -Wvla -Wundef
  -Wformat=2 -Wwrite-strings -Wimplicit-fallthrough -Wswitch-enum
  -ffp-contract=off                     # the same doubles in every build and language
  $<$<C_COMPILER_ID:GNU>:-Wlogical-op;-Wduplicated-cond>
  $<$<BOOL:${HM_WERROR}>:-Werror>)

if(HM_ANALYZER)
  if(NOT CMAKE_C_COMPILER_ID STREQUAL "GNU")
    message(FATAL_ERROR "HM_ANALYZER=ON needs gcc")
  endif()
  target_compile_options(hm_plain_flags INTERFACE -fanalyzer)
endif()

if(HM_SANITIZE)
  set(_san -fsanitize=${HM_SANITIZE} -fno-omit-frame-pointer
           -fno-sanitize-recover=all)
  target_compile_options(hm_flags INTERFACE ${_san})
  target_link_options(hm_flags INTERFACE ${_san})
endif()
