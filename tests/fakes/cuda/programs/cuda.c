/* How the programs find CUDA: like libcudart since 12 (dlopen, dlsym of cuGetProcAddress, all else by cuGetProcAddress_v2), like libcudart
 * up to 11.2 (dlsym of everything), or, built with -DLINKED, as a program linked with libcuda. */
#define _GNU_SOURCE
#include "cuda.h"

#include <dlfcn.h>

struct cuda cuda;

void give_up(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

const char *error_name(CUresult result)
{
    const char *name = 0;

    return cuda.cuGetErrorName && !cuda.cuGetErrorName(result, &name) && name ? name : "an unknown error";
}

void must(CUresult result, const char *what)
{
    if (result)
        give_up(what, error_name(result));
}

#if defined(LINKED)
#define DECLARE(name, symbol, parameters) CUresult symbol parameters;
CUDA_CALLS(DECLARE)
#undef DECLARE
void find_cuda(enum find how)
{
    (void)how;
#define TAKE(name, symbol, parameters) cuda.name = symbol;
    CUDA_CALLS(TAKE)
#undef TAKE
    *(void **)&cuda.books = dlsym(RTLD_DEFAULT, "headroom_cuda_books");
}
#else
void find_cuda(enum find how)
{
    uint64_t flags = how == BY_PROC_ADDRESS_PER_THREAD ? CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM : 0;
    void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
    CUresult (*first)(const char *, void **, int, uint64_t), (*get)(const char *, void **, int, uint64_t, int *) = 0;

    if (!library)
        give_up("libcuda.so.1", dlerror());
    if (how != BY_DLSYM) {
        *(void **)&first = dlsym(library, "cuGetProcAddress");
        if (!first || first("cuGetProcAddress", (void **)&get, 12000, 0) || !get)
            give_up("cuGetProcAddress", "not there");
    }
#define FIND(name, symbol, parameters) \
    if (how == BY_DLSYM) \
        *(void **)&cuda.name = dlsym(library, #symbol); \
    else if (get(#name, (void **)&cuda.name, strcmp(#name, "cuCtxCreate") ? 12040 : 11030, flags, &(int){0})) \
        cuda.name = 0; \
    if (!cuda.name) \
        give_up(#name, "not there");
    CUDA_CALLS(FIND)
#undef FIND
    *(void **)&cuda.books = dlsym(library, "headroom_cuda_books");
}
#endif

const char *option(int count, char **words, const char *name, const char *otherwise)
{
    for (int i = 1; i < count; i++)
        if (strcmp(words[i], name) == 0)
            return i + 1 < count ? words[i + 1] : "";
    return otherwise;
}

enum find find_option(int count, char **words)
{
    return option(count, words, "--dlsym", 0) ? BY_DLSYM : option(count, words, "--per-thread", 0) ? BY_PROC_ADDRESS_PER_THREAD : BY_PROC_ADDRESS;
}
