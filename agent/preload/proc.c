/* cuGetProcAddress: the driver answers first, so that what is absent stays absent and errors stay errors; then its function is swapped for our stand-in of
 * the very same variant. Which that is the address tells; where the driver answers with an address that it does not export, the name, version and stream
 * mode that were asked for do. */
#include "internal.h"
#include "resolve.h"

#include <string.h>

/* A copy or a set in its four: since `since` it is called name##v. */
#define IN_FOUR(name, v, since) \
    { #name, since, #name #v, #name #v "_ptds" }, { #name "Async", since, #name "Async" #v, #name "Async" #v "_ptsz" }
#define SET(name) { #name, 3020, #name "_v2", #name "_v2_ptds" }, { #name "Async", 3020, #name "Async", #name "Async_ptsz" }
#define ONE(name, v, twin, since) { #name, since, #name #v, #name #v twin }

/* Since which CUDA version a name means which variant. Of names with one variant only the per-thread-stream twins matter. */
static const struct meaning {
    const char *name;
    int since;
    const char *variant, *per_thread;
} meanings[] = {
    { "cuMemAlloc", 2000, "cuMemAlloc", NULL },
    { "cuMemAlloc", 3020, "cuMemAlloc_v2", NULL },
    { "cuMemAllocPitch", 2000, "cuMemAllocPitch", NULL },
    { "cuMemAllocPitch", 3020, "cuMemAllocPitch_v2", NULL },
    { "cuMemFree", 2000, "cuMemFree", NULL },
    { "cuMemFree", 3020, "cuMemFree_v2", NULL },
    { "cuMemGetInfo", 2000, "cuMemGetInfo", NULL },
    { "cuMemGetInfo", 3020, "cuMemGetInfo_v2", NULL },
    { "cuDeviceTotalMem", 2000, "cuDeviceTotalMem", NULL },
    { "cuDeviceTotalMem", 3020, "cuDeviceTotalMem_v2", NULL },
    { "cuArrayCreate", 2000, "cuArrayCreate", NULL },
    { "cuArrayCreate", 3020, "cuArrayCreate_v2", NULL },
    { "cuArray3DCreate", 2000, "cuArray3DCreate", NULL },
    { "cuArray3DCreate", 3020, "cuArray3DCreate_v2", NULL },
    { "cuCtxDestroy", 2000, "cuCtxDestroy", NULL },
    { "cuCtxDestroy", 4000, "cuCtxDestroy_v2", NULL },
    { "cuDevicePrimaryCtxRelease", 7000, "cuDevicePrimaryCtxRelease", NULL },
    { "cuDevicePrimaryCtxRelease", 11000, "cuDevicePrimaryCtxRelease_v2", NULL },
    { "cuDevicePrimaryCtxReset", 7000, "cuDevicePrimaryCtxReset", NULL },
    { "cuDevicePrimaryCtxReset", 11000, "cuDevicePrimaryCtxReset_v2", NULL },
    { "cuMemAllocAsync", 11020, "cuMemAllocAsync", "cuMemAllocAsync_ptsz" },
    { "cuMemAllocFromPoolAsync", 11020, "cuMemAllocFromPoolAsync", "cuMemAllocFromPoolAsync_ptsz" },
    { "cuMemFreeAsync", 11020, "cuMemFreeAsync", "cuMemFreeAsync_ptsz" },
    { "cuGraphInstantiate", 10000, "cuGraphInstantiate", NULL },
    { "cuGraphInstantiate", 11000, "cuGraphInstantiate_v2", NULL },
    { "cuGraphInstantiate", 12000, "cuGraphInstantiateWithFlags", NULL },
    { "cuGraphInstantiateWithParams", 12000, "cuGraphInstantiateWithParams", "cuGraphInstantiateWithParams_ptsz" },
    { "cuGraphUpload", 11010, "cuGraphUpload", "cuGraphUpload_ptsz" },
    { "cuGraphLaunch", 10000, "cuGraphLaunch", "cuGraphLaunch_ptsz" },
    ONE(cuLaunchKernel, , "_ptsz", 4000),
    ONE(cuLaunchKernelEx, , "_ptsz", 11060),
    ONE(cuLaunchCooperativeKernel, , "_ptsz", 9000),
    ONE(cuStreamSynchronize, , "_ptsz", 2000),
    IN_FOUR(cuMemcpy, , 4000),
    IN_FOUR(cuMemcpyPeer, , 4000),
    IN_FOUR(cuMemcpyHtoD, _v2, 3020),
    IN_FOUR(cuMemcpyDtoH, _v2, 3020),
    IN_FOUR(cuMemcpyDtoD, _v2, 3020),
    IN_FOUR(cuMemcpyHtoA, _v2, 3020),
    IN_FOUR(cuMemcpyAtoH, _v2, 3020),
    IN_FOUR(cuMemcpy2D, _v2, 3020),
    IN_FOUR(cuMemcpy3D, _v2, 3020),
    IN_FOUR(cuMemcpy3DPeer, , 4000),
    ONE(cuMemcpyDtoA, _v2, "_ptds", 3020),
    ONE(cuMemcpyAtoD, _v2, "_ptds", 3020),
    ONE(cuMemcpyAtoA, _v2, "_ptds", 3020),
    ONE(cuMemcpy2DUnaligned, _v2, "_ptds", 3020),
    ONE(cuMemcpyBatchAsync, , "_ptsz", 12080),
    ONE(cuMemcpyBatchAsync, _v2, "_ptsz", 13000),
    ONE(cuMemcpy3DBatchAsync, , "_ptsz", 12080),
    ONE(cuMemcpy3DBatchAsync, _v2, "_ptsz", 13000),
    SET(cuMemsetD8),
    SET(cuMemsetD16),
    SET(cuMemsetD32),
    SET(cuMemsetD2D8),
    SET(cuMemsetD2D16),
    SET(cuMemsetD2D32),
    { "cuGetProcAddress", 11030, "cuGetProcAddress", NULL },
    { "cuGetProcAddress", 12000, "cuGetProcAddress_v2", NULL },
};

static void *hook_meant(const char *name, int version, uint64_t flags)
{
    const struct meaning *meant = NULL;
    bool several = false;
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (strcmp(meanings[i].name, name))
            continue;
        several = true;
        if (meanings[i].since <= version)
            meant = &meanings[i];
    }
    if (!several)
        return hr_hook_named(name);
    if (!meant)
        return NULL;
    return hr_hook_named(flags & CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM && meant->per_thread ? meant->per_thread : meant->variant);
}

static void swap(const char *name, void **function, int version, uint64_t flags)
{
    if (!name || !function || !*function || hr_is_ours(*function))
        return;
    void *hook = hr_hook_of(*function);
    /* An address with an exported name that is none of ours is a variant that we do not know: a newer one, say. */
    if (!hook && !hr_symbol_at(*function))
        hook = hook_meant(name, version, flags);
    if (hook)
        *function = hook;
}

HR_EXPORT CUresult cuGetProcAddress(const char *name, void **function, int version, uint64_t flags)
{
    HR_BEGIN(cuGetProcAddress, name, function, version, flags);
    CUresult result = real->cuGetProcAddress(name, function, version, flags);
    if (!result)
        swap(name, function, version, flags);
    return result;
}

HR_EXPORT CUresult cuGetProcAddress_v2(const char *name, void **function, int version, uint64_t flags, int *status)
{
    HR_BEGIN(cuGetProcAddress_v2, name, function, version, flags, status);
    CUresult result = real->cuGetProcAddress_v2(name, function, version, flags, status);
    if (!result)
        swap(name, function, version, flags);
    return result;
}
