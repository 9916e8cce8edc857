# hm_generate_registry(TYPE HEADER TABLE OUT name...) -> a sorted, NULL-ended table
# `const struct TYPE *const TABLE[]`, with one symbol TABLE-less-s _<name> per name.
function(hm_generate_registry type header table out)
  set(names ${ARGN})
  list(SORT names)
  string(REGEX REPLACE "s$" "" one ${table})
  set(decls "")
  set(rows "")
  foreach(n IN LISTS names)
    string(APPEND decls "extern const struct ${type} ${one}_${n};\n")
    string(APPEND rows "    &${one}_${n},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${out} @ONLY CONTENT
"/* Generated; edit the CMakeLists.txt beside the plug-ins. */
#include \"${header}\"

#include <stddef.h>

${decls}
const struct ${type} *const ${table}[] = {
${rows}    NULL,
};
")
endfunction()

# hm_generate_rows(TYPE HEADER TABLE OUT "a|b|c"...) -> a table of rows of strings,
# in the order given, ended by a row whose first member is NULL.
function(hm_generate_rows type header table out)
  set(rows "")
  foreach(row IN LISTS ARGN)
    string(REPLACE "|" "\", \"" row "${row}")
    string(APPEND rows "    {\"${row}\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${out} @ONLY CONTENT
"/* Generated; edit the CMakeLists.txt beside the plug-ins. */
#include \"${header}\"

#include <stddef.h>

const struct ${type} ${table}[] = {
${rows}    {0},
};
")
endfunction()
