/* What a device is. */
#include "double.h"
#include "../owned.h"

#include <ctype.h>

EXPORT CUresult cuDeviceGetCount(int *count)
{
    GUARDED;
    if (!count)
        return CUDA_ERROR_INVALID_VALUE;
    *count = (int)gpu_count;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
    struct gpu *gpu;

    GUARDED;
    if (!device)
        return CUDA_ERROR_INVALID_VALUE;
    TRY(find_gpu(ordinal, &gpu));
    *device = ordinal;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceGetName(char *name, int length, CUdevice device)
{
    struct gpu *gpu;

    GUARDED;
    TRY(find_gpu(device, &gpu));
    if (!name || length <= 0)
        return CUDA_ERROR_INVALID_VALUE;
    snprintf(name, (size_t)length, "%.*s", (int)sizeof gpu->card->name, gpu->card->name);
    return CUDA_SUCCESS;
}

/* The 16 bytes that the text "GPU-..." shows in hexadecimal. */
static CUresult get_uuid(CUuuid *uuid, CUdevice device)
{
    struct gpu *gpu;
    unsigned digits = 0;

    GUARDED;
    TRY(find_gpu(device, &gpu));
    if (!uuid)
        return CUDA_ERROR_INVALID_VALUE;
    memset(uuid, 0, sizeof *uuid);
    for (const char *c = gpu->card->uuid + 4; c < gpu->card->uuid + sizeof gpu->card->uuid && *c && digits < 32; c++)
        if (isxdigit((unsigned char)*c)) {
            unsigned digit = isdigit((unsigned char)*c) ? (unsigned)(*c - '0') : (unsigned)(tolower((unsigned char)*c) - 'a' + 10);
            uuid->bytes[digits / 2] = (unsigned char)(uuid->bytes[digits / 2] << 4 | digit);
            digits++;
        }
    return CUDA_SUCCESS;
}
EXPORT CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice device) { return get_uuid(uuid, device); }
EXPORT CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device) { return get_uuid(uuid, device); }

static uint64_t usable(const struct gpu *gpu)
{
    return HM_GET(gpu->card->memory_total) - HM_GET(gpu->card->memory_reserved);
}

static CUresult total_memory(size_t *bytes, CUdevice device)
{
    struct gpu *gpu;

    GUARDED;
    TRY(find_gpu(device, &gpu));
    if (!bytes)
        return CUDA_ERROR_INVALID_VALUE;
    *bytes = usable(gpu);
    return CUDA_SUCCESS;
}
EXPORT CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) { return total_memory(bytes, device); }
EXPORT CUresult cuDeviceTotalMem(unsigned *bytes, CUdevice device)
{
    size_t all;

    TRY(total_memory(&all, device));
    *bytes = all > UINT32_MAX ? UINT32_MAX : (unsigned)all;
    return CUDA_SUCCESS;
}

static CUresult memory_info(size_t *available, size_t *total)
{
    struct context *context;

    GUARDED;
    TRY(current_context(&context));
    if (!available || !total)
        return CUDA_ERROR_INVALID_VALUE;
    *available = card_free(context->gpu);
    *total = usable(context->gpu);
    return CUDA_SUCCESS;
}
EXPORT CUresult cuMemGetInfo_v2(size_t *available, size_t *total) { return memory_info(available, total); }
EXPORT CUresult cuMemGetInfo(unsigned *available, unsigned *total)
{
    size_t a, t;

    TRY(memory_info(&a, &t));
    *available = a > UINT32_MAX ? UINT32_MAX : (unsigned)a;
    *total = t > UINT32_MAX ? UINT32_MAX : (unsigned)t;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device)
{
    struct gpu *gpu;

    GUARDED;
    TRY(find_gpu(device, &gpu));
    if (!value)
        return CUDA_ERROR_INVALID_VALUE;
    switch (attribute) {
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: *value = 108; break;
    case CU_DEVICE_ATTRIBUTE_PCI_BUS_ID: *value = (int)strtol(gpu->card->pci_bus_id + 9, 0, 16); break;
    case CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID: *value = (int)strtol(gpu->card->pci_bus_id + 12, 0, 16); break;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: *value = gpu->card->cc_major; break;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: *value = gpu->card->cc_minor; break;
    case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
    case CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY:
    case CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED:
    case CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED: *value = 1; break;
    default: *value = 0;
    }
    return CUDA_SUCCESS;
}
