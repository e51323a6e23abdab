/* Arrays: as many bytes as their elements need, no padding. */
#include "double.h"

struct array {
    struct object base;
    struct context *context;
    uint64_t bytes;
};

static uint64_t element_bytes(int format, unsigned channels)
{
    if (channels != 1 && channels != 2 && channels != 4)
        return 0;
    switch (format) {
    case CU_AD_FORMAT_UNSIGNED_INT8: case CU_AD_FORMAT_SIGNED_INT8: return channels;
    case CU_AD_FORMAT_UNSIGNED_INT16: case CU_AD_FORMAT_SIGNED_INT16: case CU_AD_FORMAT_HALF: return 2 * channels;
    case CU_AD_FORMAT_UNSIGNED_INT32: case CU_AD_FORMAT_SIGNED_INT32: case CU_AD_FORMAT_FLOAT: return 4 * channels;
    default: return 0;
    }
}

/* Height and depth of 0 mean a dimension less. Layers do not get fewer from level to level. */
static CUresult measure(const CUDA_ARRAY3D_DESCRIPTOR *wanted, unsigned levels, uint64_t *bytes)
{
    uint64_t element = element_bytes(wanted->Format, wanted->NumChannels);
    uint64_t width = wanted->Width, height = wanted->Height ? wanted->Height : 1, depth = wanted->Depth ? wanted->Depth : 1;

    if (element == 0 || width == 0 || levels == 0 || levels > 32 || width > 1 << 20 || height > 1 << 20 || depth > 1 << 16)
        return CUDA_ERROR_INVALID_VALUE;
    *bytes = 0;
    for (unsigned level = 0; level < levels; level++) {
        *bytes += width * height * depth * element;
        if (level + 1 < levels && width == 1 && height == 1 && (depth == 1 || wanted->Flags & CUDA_ARRAY3D_LAYERED))
            break;
        width = width > 1 ? width / 2 : 1;
        height = height > 1 ? height / 2 : 1;
        if (!(wanted->Flags & CUDA_ARRAY3D_LAYERED))
            depth = depth > 1 ? depth / 2 : 1;
    }
    return CUDA_SUCCESS;
}

static CUresult create(void **handle, const CUDA_ARRAY3D_DESCRIPTOR *wanted, unsigned levels)
{
    struct context *context;
    struct array *array;
    uint64_t bytes;

    GUARDED;
    TRY(current_context(&context));
    if (!handle)
        return CUDA_ERROR_INVALID_VALUE;
    TRY(measure(wanted, levels, &bytes));
    TRY(book(context->gpu, BOOK_ARRAY, bytes));
    array = object_new(ARRAY, sizeof *array);
    if (!array) {
        unbook(context->gpu, BOOK_ARRAY, bytes);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    array->context = context;
    array->bytes = bytes;
    *handle = HANDLE(array);
    return CUDA_SUCCESS;
}

static void drop(struct array *array)
{
    unbook(array->context->gpu, BOOK_ARRAY, array->bytes);
    object_free(array);
}

static CUresult destroy(void *handle)
{
    struct array *array;

    GUARDED;
    array = object_get(handle, ARRAY);
    if (!array)
        return CUDA_ERROR_INVALID_HANDLE;
    drop(array);
    return CUDA_SUCCESS;
}

void drop_arrays_of(struct context *context)
{
    struct array *array;

    for (unsigned cursor = 0; (array = object_next(ARRAY, &cursor));)
        if (array->context == context)
            drop(array);
}

EXPORT CUresult cuArrayCreate_v2(CUarray *handle, const CUDA_ARRAY_DESCRIPTOR *d)
{
    return d ? create((void **)handle, &(CUDA_ARRAY3D_DESCRIPTOR){d->Width, d->Height, 0, d->Format, d->NumChannels, 0}, 1) : CUDA_ERROR_INVALID_VALUE;
}
EXPORT CUresult cuArrayCreate(CUarray *handle, const CUDA_ARRAY_DESCRIPTOR_v1 *d)
{
    return d ? create((void **)handle, &(CUDA_ARRAY3D_DESCRIPTOR){d->Width, d->Height, 0, d->Format, d->NumChannels, 0}, 1) : CUDA_ERROR_INVALID_VALUE;
}
EXPORT CUresult cuArray3DCreate_v2(CUarray *handle, const CUDA_ARRAY3D_DESCRIPTOR *d)
{
    return d ? create((void **)handle, d, 1) : CUDA_ERROR_INVALID_VALUE;
}
EXPORT CUresult cuArray3DCreate(CUarray *handle, const CUDA_ARRAY3D_DESCRIPTOR_v1 *d)
{
    return d ? create((void **)handle, &(CUDA_ARRAY3D_DESCRIPTOR){d->Width, d->Height, d->Depth, d->Format, d->NumChannels, d->Flags}, 1)
             : CUDA_ERROR_INVALID_VALUE;
}
EXPORT CUresult cuMipmappedArrayCreate(CUmipmappedArray *handle, const CUDA_ARRAY3D_DESCRIPTOR *d, unsigned levels)
{
    return d ? create((void **)handle, d, levels) : CUDA_ERROR_INVALID_VALUE;
}
EXPORT CUresult cuArrayDestroy(CUarray handle) { return destroy(handle); }
EXPORT CUresult cuMipmappedArrayDestroy(CUmipmappedArray handle) { return destroy(handle); }
