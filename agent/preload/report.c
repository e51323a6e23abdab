/* What programs are told of the GPU's memory: the cap is the size of the GPU, and what the container holds is what is used of it. */
#include "internal.h"

struct share {
    uint64_t cap, held;
};

/* False: no cap in force. */
static bool share_of(struct hr_card *card, uint64_t key, struct share *share)
{
    struct hr_place place;
    if (!hr_look(key, &place))
        place.replica = NULL;
    share->cap = hr_cap(NULL, &place, key);
    if (share->cap == HR_CAP_NONE)
        return false;
    if (card)
        hr_pools_refresh(card);
    if (place.replica)
        hr_reap(place.replica, HR_MAX_PROCESSES);
    share->held = hr_total(NULL, &place, NULL);
    return true;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t left(const struct share *share)
{
    return share->cap > share->held ? share->cap - share->held : 0;
}

#define GET_INFO(call) \
    do { \
        CUresult result = call; \
        CUcontext context; \
        struct hr_card *card = result ? NULL : hr_current_card(&context); \
        struct share share; \
        if (card && share_of(card, card->key, &share)) { \
            *free_bytes = (__typeof__(*free_bytes))least(*free_bytes, left(&share)); \
            *total_bytes = (__typeof__(*total_bytes))least(*total_bytes, share.cap); \
        } \
        return result; \
    } while (0)

HR_EXPORT CUresult cuMemGetInfo_v2(size_t *free_bytes, size_t *total_bytes)
{
    HR_BEGIN(cuMemGetInfo_v2, free_bytes, total_bytes);
    GET_INFO(real->cuMemGetInfo_v2(free_bytes, total_bytes));
}

HR_EXPORT CUresult cuMemGetInfo(unsigned int *free_bytes, unsigned int *total_bytes)
{
    HR_BEGIN(cuMemGetInfo, free_bytes, total_bytes);
    GET_INFO(real->cuMemGetInfo(free_bytes, total_bytes));
}

#define TOTAL_MEM(call) \
    do { \
        CUresult result = call; \
        struct hr_card *card = result ? NULL : hr_card(device); \
        struct share share; \
        if (card && share_of(NULL, card->key, &share)) \
            *bytes = (__typeof__(*bytes))least(*bytes, share.cap); \
        return result; \
    } while (0)

HR_EXPORT CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
    HR_BEGIN(cuDeviceTotalMem_v2, bytes, device);
    TOTAL_MEM(real->cuDeviceTotalMem_v2(bytes, device));
}

HR_EXPORT CUresult cuDeviceTotalMem(unsigned int *bytes, CUdevice device)
{
    HR_BEGIN(cuDeviceTotalMem, bytes, device);
    TOTAL_MEM(real->cuDeviceTotalMem(bytes, device));
}

/* ---- NVML: its devices are named by UUID, "GPU-" or "MIG-" and 16 bytes in hexadecimal with dashes in it. */
static uint64_t key_of(const char *text)
{
    unsigned char bytes[16];
    unsigned int digits = 0;
    while (*text && *text != '-')
        text++;
    for (; *text && digits < 32; text++) {
        int value = *text >= '0' && *text <= '9' ? *text - '0' : *text >= 'a' && *text <= 'f' ? *text - 'a' + 10 : *text >= 'A' && *text <= 'F' ? *text - 'A' + 10 : -1;
        if (value < 0) {
            if (*text != '-')
                return 0;
            continue;
        }
        bytes[digits / 2] = (unsigned char)(digits % 2 ? bytes[digits / 2] << 4 | value : value);
        digits++;
    }
    return digits == 32 ? hr_gpu_key(bytes) : 0;
}

static bool nvml_share(nvmlDevice_t device, struct share *share)
{
    const struct hr_nvml *real = hr_nvml();
    char uuid[NVML_UUID_BUFFER] = "";
    if (!real->nvmlDeviceGetUUID || real->nvmlDeviceGetUUID(device, uuid, sizeof uuid - 1))
        return false;
    uint64_t key = key_of(uuid);
    struct hr_card *card = NULL;
    for (unsigned int i = 0; key && i < HR_MAX_GPUS && !card; i++)
        if ((card = hr_card_by_index(i)) != NULL && card->key != key)
            card = NULL;
    return key && share_of(card, key, share);
}

/* Total, free and used agree with each other again: what the driver keeps to itself (v2) is not taken from the container's share. */
#define NVML_INFO(name, reserved_away) \
    do { \
        const struct hr_nvml *real = hr_nvml(); \
        if (!real->name) \
            return NVML_ERROR_FUNCTION_NOT_FOUND; \
        if (hr_inside || !hr_counting()) \
            return real->name(device, memory); \
        __attribute__((cleanup(hr_leave), unused)) int inside_until_return = hr_inside++; \
        nvmlReturn_t result = real->name(device, memory); \
        struct share share; \
        if (result || !nvml_share(device, &share) || share.cap >= memory->total) \
            return result; \
        memory->total = share.cap; \
        memory->free = least(memory->free, left(&share)); \
        memory->used = memory->total - memory->free; \
        reserved_away; \
        return result; \
    } while (0)

HR_EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
    NVML_INFO(nvmlDeviceGetMemoryInfo, (void)0);
}

HR_EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
    NVML_INFO(nvmlDeviceGetMemoryInfo_v2, memory->reserved = 0);
}
