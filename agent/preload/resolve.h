/* The real dlsym and its kin, and whose a function is. */
#ifndef HEADROOM_RESOLVE_H
#define HEADROOM_RESOLVE_H

/* The next dlsym after ours in the search order (glibc's, or another interposer's); never ours. */
void *hr_real_dlsym(void *handle, const char *name);

/* dlopen of a library that is loaded already, by its file name; NULL if it is not. It stays loaded from then on. */
void *hr_loaded(const char *file);

/* The file that the code or data at this address was loaded from, or NULL. */
const char *hr_file_of(const void *address);

/* Whether the file is the driver's or NVML's library: libcuda.so.1, libcuda.so.550.54, libnvidia-ml.so.1, ... but not libcudart. */
int hr_is_driver(const char *file);

int hr_is_ours(const void *address);

/* The same function of glibc found by hand: see elf.c. */
void *hr_find_in_glibc(const char *name);

/* As in <string.h>, but ours alone: these serve lookups before a sanitizer's strcmp works. */
static inline int hr_starts(const char *text, const char *with)
{
    while (*with && *text == *with)
        text++, with++;
    return !*with;
}

static inline int hr_same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static inline const char *hr_base_name(const char *path)
{
    const char *name = path ? path : "";
    for (const char *at = name; *at; at++)
        if (*at == '/')
            name = at + 1;
    return name;
}

#endif
