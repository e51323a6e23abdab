/* Arrays: bytes by their descriptor. The driver tiles and pads them as it likes and tells nobody, so this is somewhat less than what the GPU gives; the agent
 * counts the difference as the container's overhead. */
#include "internal.h"

/* Bits of one element by enum CUarray_format; of block-compressed formats per texel, all channels in one (*whole). */
static uint64_t format_bits(int format, bool *whole)
{
    *whole = format >= 0x91 && format <= 0x9e;
    switch (format) {
    case 0x03: case 0x0a: case 0x20: /* 32 bits: unsigned, signed, float */
        return 32;
    case 0x02: case 0x09: case 0x10: /* 16 bits: unsigned, signed, half */
    case 0xc3: case 0xc4: case 0xc5: case 0xc9: case 0xca: case 0xcb: /* and normalised */
        return 16;
    case 0x91: case 0x92: case 0x97: case 0x98: /* BC1 and BC4 */
        return 4;
    default: /* 8 bits, the other block formats, and what is not known here (video planes) */
        return 8;
    }
}

static uint64_t times(uint64_t a, uint64_t b)
{
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static uint64_t half(uint64_t side)
{
    return side > 1 ? side / 2 : 1;
}

static uint64_t array_bytes(const CUDA_ARRAY3D_DESCRIPTOR *wanted, unsigned int levels)
{
    bool whole, layered = wanted->Flags & (CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_CUBEMAP);
    uint64_t bits = format_bits(wanted->Format, &whole), sum = 0;
    uint64_t width = wanted->Width, height = wanted->Height ? wanted->Height : 1, depth = wanted->Depth ? wanted->Depth : 1;
    if (wanted->Flags & (CUDA_ARRAY3D_SPARSE | CUDA_ARRAY3D_DEFERRED_MAPPING)) /* memory comes by cuMemCreate */
        return 0;
    bits = whole ? bits : times(bits, wanted->NumChannels);
    for (unsigned int level = 0; level < levels; level++) {
        sum = hr_add(sum, hr_add(times(times(times(width, height), depth), bits), 7) / 8);
        if (width == 1 && height == 1 && (depth == 1 || layered))
            break;
        width = half(width);
        height = half(height);
        depth = layered ? depth : half(depth);
    }
    return sum;
}

static struct hr_card *charge_array(const CUDA_ARRAY3D_DESCRIPTOR *wanted, unsigned int levels, uint64_t *bytes, CUcontext *context, CUresult *refused)
{
    struct hr_card *card = hr_current_card(context);
    *bytes = card ? array_bytes(wanted, levels) : 0;
    *refused = *bytes ? hr_charge(card, *bytes, HR_ARRAY) : CUDA_SUCCESS;
    return *bytes ? card : NULL;
}

#define CREATE(space, handle, wanted, levels, call) \
    do { \
        uint64_t bytes; \
        CUcontext context = NULL; \
        CUresult result; \
        struct hr_card *card = (handle) && array ? charge_array(wanted, levels, &bytes, &context, &result) : NULL; \
        if (!card) \
            return call; \
        if (result) \
            return result; \
        result = hr_driver_said(card, bytes, call); \
        if (result) \
            hr_charge_undo(card, bytes, HR_ARRAY); \
        else \
            hr_track(card, space, (uintptr_t)*(handle), bytes, HR_ARRAY, context); \
        return result; \
    } while (0)

#define PLANE(d) &(CUDA_ARRAY3D_DESCRIPTOR) { (d)->Width, (d)->Height, 0, (d)->Format, (d)->NumChannels, 0 }
#define SOLID(d) &(CUDA_ARRAY3D_DESCRIPTOR) { (d)->Width, (d)->Height, (d)->Depth, (d)->Format, (d)->NumChannels, (d)->Flags }

HR_EXPORT CUresult cuArrayCreate_v2(CUarray *handle, const CUDA_ARRAY_DESCRIPTOR *array)
{
    HR_BEGIN(cuArrayCreate_v2, handle, array);
    CREATE(HR_ARRAYS, handle, PLANE(array), 1, real->cuArrayCreate_v2(handle, array));
}

HR_EXPORT CUresult cuArrayCreate(CUarray *handle, const CUDA_ARRAY_DESCRIPTOR_v1 *array)
{
    HR_BEGIN(cuArrayCreate, handle, array);
    CREATE(HR_ARRAYS, handle, PLANE(array), 1, real->cuArrayCreate(handle, array));
}

HR_EXPORT CUresult cuArray3DCreate_v2(CUarray *handle, const CUDA_ARRAY3D_DESCRIPTOR *array)
{
    HR_BEGIN(cuArray3DCreate_v2, handle, array);
    CREATE(HR_ARRAYS, handle, array, 1, real->cuArray3DCreate_v2(handle, array));
}

HR_EXPORT CUresult cuArray3DCreate(CUarray *handle, const CUDA_ARRAY3D_DESCRIPTOR_v1 *array)
{
    HR_BEGIN(cuArray3DCreate, handle, array);
    CREATE(HR_ARRAYS, handle, SOLID(array), 1, real->cuArray3DCreate(handle, array));
}

HR_EXPORT CUresult cuMipmappedArrayCreate(CUmipmappedArray *handle, const CUDA_ARRAY3D_DESCRIPTOR *array, unsigned int levels)
{
    HR_BEGIN(cuMipmappedArrayCreate, handle, array, levels);
    CREATE(HR_MIPMAPS, handle, array, levels, real->cuMipmappedArrayCreate(handle, array, levels));
}

/* Taken out first, as with addresses: the driver may give the handle out again at once. */
#define DESTROY(space, handle, call) \
    do { \
        struct hr_entry entry, old; \
        bool known = hr_table_take(space, (uintptr_t)(handle), &entry); \
        CUresult result = call; \
        if (known && (!result || !hr_table_put(&entry, &old))) \
            hr_untrack_freed(&entry); \
        return result; \
    } while (0)

HR_EXPORT CUresult cuArrayDestroy(CUarray handle)
{
    HR_BEGIN(cuArrayDestroy, handle);
    DESTROY(HR_ARRAYS, handle, real->cuArrayDestroy(handle));
}

HR_EXPORT CUresult cuMipmappedArrayDestroy(CUmipmappedArray handle)
{
    HR_BEGIN(cuMipmappedArrayDestroy, handle);
    DESTROY(HR_MIPMAPS, handle, real->cuMipmappedArrayDestroy(handle));
}
