/* Finds a function that glibc defines without asking dlsym, which this library stands in for.
 *
 * Symbol versions do not matter here: every version of dlsym, dlvsym, dlopen and dladdr in one glibc is the same code. Before glibc 2.34 they are in libdl.so.2.
 */
#include "resolve.h"

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>

static int is_glibc(const char *path)
{
    const char *name = hr_base_name(path);
    return hr_starts(name, "libc.so.") || hr_starts(name, "libdl.so.") || hr_starts(name, "libc-2.") || hr_starts(name, "libdl-2.");
}

static uint32_t gnu_hash(const char *name)
{
    uint32_t hash = 5381;
    for (; *name; name++)
        hash = hash * 33 + (unsigned char)*name;
    return hash;
}

/* The layout of DT_GNU_HASH: counts, a Bloom filter, buckets, then one hash a symbol whose lowest bit ends its bucket. */
static const ElfW(Sym) *in_bucket(const uint32_t *table, const ElfW(Sym) *symbols, const char *strings, const char *name)
{
    uint32_t buckets = table[0], first = table[1], bloom_words = table[2];
    const uint32_t *bucket = table + 4 + bloom_words * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
    const uint32_t *chain = bucket + buckets;
    uint32_t hash = gnu_hash(name);
    if (buckets == 0 || bucket[hash % buckets] < first)
        return NULL;
    for (uint32_t i = bucket[hash % buckets];; i++) {
        const ElfW(Sym) *symbol = symbols + i;
        if ((chain[i - first] | 1) == (hash | 1) && symbol->st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbol->st_info) == STT_FUNC &&
            hr_same(strings + symbol->st_name, name))
            return symbol;
        if (chain[i - first] & 1)
            return NULL;
    }
}

static void *look_in(ElfW(Addr) base, const ElfW(Dyn) *entry, const char *name)
{
    const uint32_t *table = NULL;
    const ElfW(Sym) *symbols = NULL;
    const char *strings = NULL;
    for (; entry && entry->d_tag != DT_NULL; entry++) {
        /* The loader relocates these addresses in place on all that we build for, but nothing promises it. */
        ElfW(Addr) at = entry->d_un.d_ptr < base ? base + entry->d_un.d_ptr : entry->d_un.d_ptr;
        if (entry->d_tag == DT_GNU_HASH)
            table = (const void *)at;
        else if (entry->d_tag == DT_SYMTAB)
            symbols = (const void *)at;
        else if (entry->d_tag == DT_STRTAB)
            strings = (const void *)at;
    }
    const ElfW(Sym) *symbol = table && symbols && strings ? in_bucket(table, symbols, strings, name) : NULL;
    return symbol ? (void *)(base + symbol->st_value) : NULL;
}

static const ElfW(Dyn) *dynamic_of(ElfW(Addr) base, const ElfW(Phdr) *headers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (headers[i].p_type == PT_DYNAMIC)
            return (const void *)(base + headers[i].p_vaddr);
    return NULL;
}

#ifndef HR_SANITIZED
struct search {
    const char *name;
    void *found;
};

static int look(struct dl_phdr_info *object, size_t size, void *data)
{
    struct search *search = data;
    (void)size;
    if (is_glibc(object->dlpi_name))
        search->found = look_in(object->dlpi_addr, dynamic_of(object->dlpi_addr, object->dlpi_phdr, object->dlpi_phnum), search->name);
    return search->found != NULL;
}

void *hr_find_in_glibc(const char *name)
{
    struct search search = { name, NULL };
    dl_iterate_phdr(look, &search);
    return search.found;
}
#else
/* A sanitizer intercepts dl_iterate_phdr, and asks dlsym before that works: so by the list that the loader keeps for debuggers. */
void *hr_find_in_glibc(const char *name)
{
    const ElfW(Phdr) *headers = (const void *)getauxval(AT_PHDR);
    size_t count = getauxval(AT_PHNUM);
    ElfW(Addr) base = 0;
    for (size_t i = 0; i < count; i++)
        if (headers[i].p_type == PT_PHDR)
            base = (ElfW(Addr))headers - headers[i].p_vaddr;
    const struct r_debug *list = NULL;
    for (const ElfW(Dyn) *entry = dynamic_of(base, headers, count); entry && entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_DEBUG)
            list = (const void *)entry->d_un.d_ptr;
    void *found = NULL;
    for (const struct link_map *object = list ? list->r_map : NULL; object && !found; object = object->l_next)
        if (is_glibc(object->l_name))
            found = look_in(object->l_addr, object->l_ld, name);
    return found;
}
#endif
