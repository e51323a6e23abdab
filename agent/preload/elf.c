/* Finds a function that glibc defines without asking dlsym, which this library stands in for.
 *
 * Symbol versions do not matter here: every version of dlsym, dlvsym, dlopen and dladdr in one glibc is the same code. Before glibc 2.34 they are in libdl.so.2.
 */
#include "internal.h"

#include <elf.h>
#include <link.h>
#include <string.h>

static int is_glibc(const char *path)
{
    const char *name = path ? strrchr(path, '/') : NULL;
    name = name ? name + 1 : path ? path : "";
    return !strncmp(name, "libc.so.", 8) || !strncmp(name, "libdl.so.", 9) || !strncmp(name, "libc-2.", 7) || !strncmp(name, "libdl-2.", 8);
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
            !strcmp(strings + symbol->st_name, name))
            return symbol;
        if (chain[i - first] & 1)
            return NULL;
    }
}

struct search {
    const char *name;
    void *found;
};

static int look_in(struct dl_phdr_info *object, size_t size, void *data)
{
    struct search *search = data;
    (void)size;
    if (!is_glibc(object->dlpi_name))
        return 0;
    const ElfW(Dyn) *entry = NULL;
    for (int i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_DYNAMIC)
            entry = (const void *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
    const uint32_t *table = NULL;
    const ElfW(Sym) *symbols = NULL;
    const char *strings = NULL;
    for (; entry && entry->d_tag != DT_NULL; entry++) {
        /* The loader relocates these addresses in place on all that we build for, but nothing promises it. */
        ElfW(Addr) at = entry->d_un.d_ptr < object->dlpi_addr ? object->dlpi_addr + entry->d_un.d_ptr : entry->d_un.d_ptr;
        if (entry->d_tag == DT_GNU_HASH)
            table = (const void *)at;
        else if (entry->d_tag == DT_SYMTAB)
            symbols = (const void *)at;
        else if (entry->d_tag == DT_STRTAB)
            strings = (const void *)at;
    }
    const ElfW(Sym) *symbol = table && symbols && strings ? in_bucket(table, symbols, strings, search->name) : NULL;
    if (symbol)
        search->found = (void *)(object->dlpi_addr + symbol->st_value);
    return symbol != NULL;
}

void *hr_find_in_glibc(const char *name)
{
    struct search search = { name, NULL };
    dl_iterate_phdr(look_in, &search);
    return search.found;
}
