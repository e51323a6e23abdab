/* resolve SCENARIO: what the lookups give under LD_PRELOAD. Each prints a line a check. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failed;

static void check(int right, const char *what)
{
    printf("%s %s\n", right ? "ok  " : "FAIL", what);
    failed |= !right;
}

static int is_from(const void *address, const char *library)
{
    Dl_info info;
    return address && dladdr(address, &info) && strstr(info.dli_fname, library);
}

static int is_named(const void *address, const char *name)
{
    Dl_info info;
    return address && dladdr(address, &info) && info.dli_sname && !strcmp(info.dli_sname, name);
}

const char *next_after_first(void);
const char *next_after_second(void);
const char *default_of_second(void);

static void chain(void)
{
    check(!strcmp(next_after_first(), "second"), "RTLD_NEXT is the next after the caller");
    check(!strcmp(next_after_second(), "none"), "RTLD_NEXT after the last is nothing");
    check(!strcmp(default_of_second(), "first"), "RTLD_DEFAULT is the first");
    check(dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5") || dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.17"), "dlvsym(RTLD_NEXT) finds what comes after the program");
    void *both = dlopen("./liblocal.so", RTLD_LOCAL | RTLD_NOW);
    const char *(*find)(void) = both ? (const char *(*)(void))dlsym(both, "default_of_local") : NULL;
    check(find && !strcmp(find(), "first"), "RTLD_DEFAULT from a local library");
    check(dlsym(RTLD_DEFAULT, "no_such_name_anywhere") == NULL && dlerror(), "an unknown name is not found, and dlerror says so");
}

static void no_driver(void)
{
    dlerror();
    check(!dlsym(RTLD_DEFAULT, "cuMemAlloc_v2") && dlerror(), "without libcuda its names are not found");
    check(!dlsym(dlopen(NULL, RTLD_NOW), "cuMemAlloc_v2") && dlerror(), "nor in the program's handle");
    check(!dlsym(RTLD_DEFAULT, "nvmlDeviceGetMemoryInfo"), "nor NVML's");
    check(!dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD), "and libcuda was not loaded by asking");
}

static void driver(int swapped)
{
    void *library = dlopen("libcuda.so.1", RTLD_NOW);
    if (!library) {
        check(0, dlerror());
        return;
    }
    const char *home = swapped ? "libheadroom" : "libcuda";
    check(is_from(dlsym(library, "cuMemAlloc_v2"), home), "cuMemAlloc_v2 by dlsym");
    check(is_from(dlsym(library, "cuInit"), "libcuda"), "cuInit is the driver's own");
    check(!dlsym(library, "cuArrayCreate_v2"), "what the driver has not is not there");
    check(!dlvsym(library, "cuMemAlloc_v2", "NO_SUCH_VERSION") || is_from(dlvsym(library, "cuMemAlloc_v2", "NO_SUCH_VERSION"), home), "by dlvsym");
    int (*get)(const char *, void **, int, uint64_t) = (int (*)(const char *, void **, int, uint64_t))dlsym(library, "cuGetProcAddress");
    void *found = NULL;
    check(get && !get("cuMemAlloc", &found, 12000, 0) && is_from(found, home), "cuMemAlloc of 12.0 by cuGetProcAddress");
    if (!swapped)
        return;
    check(is_named(found, "cuMemAlloc_v2"), "is cuMemAlloc_v2");
    check(!get("cuMemAlloc", &found, 2000, 0) && is_named(found, "cuMemAlloc"), "of 2.0 is the first");
    check(!get("cuMemAlloc", &found, 99000, 0) && is_named(found, "cuMemAlloc_v3"), "a variant that we do not know is left alone");
    check(!get("cuMemAllocAsync", &found, 12000, 0) && is_named(found, "cuMemAllocAsync"), "cuMemAllocAsync");
    check(!get("cuMemAllocAsync", &found, 12000, 1) && is_named(found, "cuMemAllocAsync"), "cuMemAllocAsync, legacy stream");
    check(!get("cuMemAllocAsync", &found, 12000, 2) && is_named(found, "cuMemAllocAsync_ptsz"), "cuMemAllocAsync, per-thread stream");
    check(!get("cuGraphInstantiate", &found, 11040, 0) && is_named(found, "cuGraphInstantiate_v2"), "cuGraphInstantiate of 11.4");
    check(!get("cuGraphInstantiate", &found, 12000, 0) && is_named(found, "cuGraphInstantiateWithFlags"), "cuGraphInstantiate of 12.0 has the flags");
    check(get("cuMemCreate", &found, 12000, 0) == 500 && !found, "what is not found stays not found");
    int (*allocate)(uint64_t *, size_t) = (int (*)(uint64_t *, size_t))dlsym(library, "cuMemAlloc_v2");
    uint64_t address;
    check(!allocate(&address, 900), "below the cap");
    check(allocate(&address, 200) == 2, "above the cap: out of memory");
}

int cuMemAlloc_v2(uint64_t *address, size_t bytes);
#ifdef OWN
int cuMemAlloc_v2(uint64_t *address, size_t bytes) { (void)address; return (int)bytes; }
static void own(void)
{
    check(dlsym(RTLD_DEFAULT, "cuMemAlloc_v2") == (void *)cuMemAlloc_v2, "a program's own cuMemAlloc_v2 stays its own");
    check(dlsym(dlopen(NULL, RTLD_NOW), "cuMemAlloc_v2") == (void *)cuMemAlloc_v2, "by its handle too");
    check(cuMemAlloc_v2(NULL, 77) == 77, "and called directly");
}
#endif

int main(int count, char **words)
{
    const char *scenario = count > 1 ? words[1] : "";
    if (!strcmp(scenario, "chain"))
        chain();
    else if (!strcmp(scenario, "no-driver"))
        no_driver();
    else if (!strcmp(scenario, "swapped"))
        driver(1);
    else if (!strcmp(scenario, "straight"))
        driver(0);
#ifdef OWN
    else if (!strcmp(scenario, "own"))
        own();
#endif
    else
        return 2;
    return failed;
}
