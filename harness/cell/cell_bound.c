/* SPDX-License-Identifier: MIT */
/* cell_bound.c -- reads the table that the loader fills as it binds calls. */
#include "harness/cell/cell_bound.h"

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <string.h>

/* NOLINTBEGIN(performance-no-int-to-ptr): ELF tells addresses as numbers. */

/* The parts of the program's dynamic section, which the loader has relocated.
 */
struct bound_tables {
    const char *symbol; /* wanted */
    const ElfW(Sym) * symbols;
    const char *names;
    const ElfW(Rela) * calls;
    size_t calls_bytes;
    const void *found;
};

static void bound_read(struct bound_tables *tables, const ElfW(Dyn) * entry)
{
    for (; entry->d_tag != DT_NULL; entry++) {
        const void *at = (const void *)entry->d_un.d_ptr;

        if (entry->d_tag == DT_SYMTAB)
            tables->symbols = at;
        if (entry->d_tag == DT_STRTAB)
            tables->names = at;
        if (entry->d_tag == DT_JMPREL)
            tables->calls = at;
        if (entry->d_tag == DT_PLTRELSZ)
            tables->calls_bytes = entry->d_un.d_val;
    }
}

static void bound_search(struct bound_tables *tables, ElfW(Addr) base)
{
    size_t n = tables->calls_bytes / sizeof(*tables->calls);

    for (size_t i = 0; tables->calls != NULL && i < n; i++) {
        const ElfW(Rela) *call = &tables->calls[i];
        const ElfW(Sym) *callee = &tables->symbols[ELF64_R_SYM(call->r_info)];

        if (strcmp(tables->names + callee->st_name, tables->symbol) == 0)
            tables->found = *(const void *const *)(base + call->r_offset);
    }
}

/* The main program comes first; returns 1 to end there. */
static int bound_program(struct dl_phdr_info *program, size_t bytes, void *arg)
{
    struct bound_tables *tables = arg;

    (void)bytes;
    for (size_t i = 0; i < program->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &program->dlpi_phdr[i];

        if (part->p_type == PT_DYNAMIC) {
            bound_read(tables,
                       (const void *)(program->dlpi_addr + part->p_vaddr));
        }
    }
    bound_search(tables, program->dlpi_addr);
    return 1;
}

const void *hm_cell_bound(const char *symbol)
{
    struct bound_tables tables = {.symbol = symbol};

    (void)dl_iterate_phdr(bound_program, &tables);
    return tables.found;
}

/* NOLINTEND(performance-no-int-to-ptr) */
