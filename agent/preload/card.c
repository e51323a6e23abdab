/* The GPUs that this process uses, by the driver's number for them. */
#include "internal.h"

#include <string.h>

static struct hr_card cards[HR_MAX_GPUS];
static uint32_t states[HR_MAX_GPUS]; /* 0 not known, 1 known */
static struct hr_lock first_use;

static uint64_t key_of(CUdevice device)
{
    const struct hr_driver *real = hr_driver();
    CUuuid uuid;
    /* _v2 (driver 470) gives a MIG instance its own UUID. */
    if (real->cuDeviceGetUuid_v2 && !real->cuDeviceGetUuid_v2(&uuid, device))
        return hr_gpu_key(uuid.bytes);
    if (real->cuDeviceGetUuid && !real->cuDeviceGetUuid(&uuid, device))
        return hr_gpu_key(uuid.bytes);
    return 0;
}

struct hr_card *hr_card_by_index(unsigned index)
{
    return index < HR_MAX_GPUS && __atomic_load_n(&states[index], __ATOMIC_ACQUIRE) ? &cards[index] : NULL;
}

struct hr_card *hr_card(CUdevice device)
{
    if (device < 0 || device >= HR_MAX_GPUS)
        return NULL;
    if (__atomic_load_n(&states[device], __ATOMIC_ACQUIRE))
        return &cards[device];
    uint64_t key = key_of(device);
    if (!key)
        return NULL;
    hr_take(&first_use);
    if (!states[device]) {
        cards[device].device = device;
        cards[device].key = key;
        __atomic_store_n(&states[device], 1, __ATOMIC_RELEASE);
    }
    hr_give(&first_use);
    return &cards[device];
}

struct hr_card *hr_current_card(CUcontext *context)
{
    const struct hr_driver *real = hr_driver();
    CUdevice device;
    if (!real->cuCtxGetCurrent || !real->cuCtxGetDevice || real->cuCtxGetCurrent(context) || !*context || real->cuCtxGetDevice(&device))
        return NULL;
    return hr_card(device);
}

void hr_cards_forget(void)
{
    memset(cards, 0, sizeof cards);
    memset(states, 0, sizeof states);
    memset(&first_use, 0, sizeof first_use);
}
