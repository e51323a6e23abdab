/* The end of a context is the end of what was allocated in it. */
#include "gate.h"

/* A context's entries are set aside before the driver ends it: another may have the same address at once, and allocations of its own. */
static uint64_t set_aside(CUcontext context)
{
    hr_table_rename((uintptr_t)context, ~(uint64_t)(uintptr_t)context);
    return ~(uint64_t)(uintptr_t)context;
}

static void decide(uint64_t aside, bool gone)
{
    if (gone)
        hr_table_drop(aside, hr_untrack_freed);
    else
        hr_table_rename(aside, ~aside);
}

#define END_CONTEXT(call) \
    do { \
        if (!context) \
            return call; \
        uint64_t aside = set_aside(context); \
        hr_flights_end(context); \
        CUresult result = call; \
        if (!result) \
            hr_flights_ended(context); \
        decide(aside, result == CUDA_SUCCESS); \
        return result; \
    } while (0)

HR_EXPORT CUresult cuCtxDestroy_v2(CUcontext context)
{
    HR_BEGIN(cuCtxDestroy_v2, context);
    END_CONTEXT(real->cuCtxDestroy_v2(context));
}

HR_EXPORT CUresult cuCtxDestroy(CUcontext context)
{
    HR_BEGIN(cuCtxDestroy, context);
    END_CONTEXT(real->cuCtxDestroy(context));
}

HR_EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
    HR_BEGIN(cuDevicePrimaryCtxRetain, context, device);
    CUresult result = real->cuDevicePrimaryCtxRetain(context, device);
    struct hr_card *card = result ? NULL : hr_card(device);
    if (card)
        __atomic_store_n(&card->primary, *context, __ATOMIC_RELEASE);
    return result;
}

/* Released or reset: it took its memory along if it is not active any more, or was reset. The default pool and the graphs' memory go with it. */
static CUresult end_primary(CUresult (*end)(CUdevice), CUdevice device, bool reset)
{
    const struct hr_driver *real = hr_driver();
    struct hr_card *card = hr_card(device);
    CUcontext context = card ? __atomic_load_n(&card->primary, __ATOMIC_ACQUIRE) : NULL;
    if (!context)
        return end(device);
    CUmemoryPool standard = NULL;
    if (real->cuDeviceGetDefaultMemPool && real->cuDeviceGetDefaultMemPool(&standard, device))
        standard = NULL;
    uint64_t aside = set_aside(context);
    hr_flights_end(context);
    if (reset)
        hr_pools_before_reset(card);
    CUresult result = end(device);
    unsigned int flags;
    int active = 0;
    bool gone = !result && (reset || !real->cuDevicePrimaryCtxGetState || real->cuDevicePrimaryCtxGetState(device, &flags, &active) || !active);
    decide(aside, gone);
    if (gone)
        hr_flights_ended(context);
    if (gone)
        hr_pools_drop(card, standard);
    return result;
}

HR_EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
    HR_BEGIN(cuDevicePrimaryCtxRelease_v2, device);
    return end_primary(real->cuDevicePrimaryCtxRelease_v2, device, false);
}

HR_EXPORT CUresult cuDevicePrimaryCtxRelease(CUdevice device)
{
    HR_BEGIN(cuDevicePrimaryCtxRelease, device);
    return end_primary(real->cuDevicePrimaryCtxRelease, device, false);
}

HR_EXPORT CUresult cuDevicePrimaryCtxReset_v2(CUdevice device)
{
    HR_BEGIN(cuDevicePrimaryCtxReset_v2, device);
    return end_primary(real->cuDevicePrimaryCtxReset_v2, device, true);
}

HR_EXPORT CUresult cuDevicePrimaryCtxReset(CUdevice device)
{
    HR_BEGIN(cuDevicePrimaryCtxReset, device);
    return end_primary(real->cuDevicePrimaryCtxReset, device, true);
}
