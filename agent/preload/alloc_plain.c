/* cuMemAlloc and its kin: one address, bytes known (pitch: only after the call), freed by address. */
#include "internal.h"

/* A driver pads a row to at most this (texture alignment); only for asking before the call. */
#define PITCH_STEP 512u

/* Remembers an allocation whose bytes are charged. What was under that key is gone, by a way that we did not see. */
void hr_track(struct hr_card *card, enum hr_space space, uint64_t key, uint64_t bytes, enum hr_kind kind, void *owner)
{
    struct hr_entry old, entry = { .key = key, .bytes = bytes, .owner = (uintptr_t)owner, .references = 1,
                                   .space = (uint8_t)space, .kind = (uint8_t)kind, .card = (uint8_t)hr_card_index(card) };
    hr_count_given(card);
    if (!hr_table_put(&entry, &old))
        old = entry; /* no memory to remember it by: better not counted than counted for ever */
    if (old.space)
        hr_untrack_freed(&old);
}

void hr_untrack_freed(const struct hr_entry *entry)
{
    struct hr_card *card = hr_card_by_index(entry->card);
    if (!card)
        return;
    if (entry->bytes)
        hr_lost(card, entry->bytes, entry->kind);
    hr_count_freed(card);
    if (entry->space == HR_POINTER && entry->kind == HR_POOL)
        hr_pool_took_back((void *)(uintptr_t)entry->owner);
}

struct freeing {
    bool known;
    struct hr_entry entry;
};

/* Taken out before the driver frees it: from then on another thread may be given the same address. */
static struct freeing start_freeing(CUdeviceptr address)
{
    struct freeing freeing;
    freeing.known = hr_table_take(HR_POINTER, address, &freeing.entry);
    return freeing;
}

static CUresult end_freeing(const struct freeing *freeing, CUresult result)
{
    struct hr_entry old;
    if (!freeing->known)
        return result;
    if (result != CUDA_SUCCESS && hr_table_put(&freeing->entry, &old))
        return result;
    if (result == CUDA_SUCCESS && freeing->entry.kind == HR_POOL)
        hr_pool_freed((void *)(uintptr_t)freeing->entry.owner);
    hr_untrack_freed(&freeing->entry);
    return result;
}

/* What all of these have in common: charge, call, then remember or take back. `call` and `address` are expressions. */
#define ALLOCATE(bytes, kind, call, address) \
    do { \
        CUcontext context; \
        struct hr_card *card = hr_current_card(&context); \
        if (!card || !(bytes)) \
            return call; \
        if (hr_charge(card, bytes, kind)) \
            return CUDA_ERROR_OUT_OF_MEMORY; \
        CUresult result = hr_driver_said(card, bytes, call); \
        if (result) \
            hr_charge_undo(card, bytes, kind); \
        else \
            hr_track(card, HR_POINTER, address, bytes, kind, context); \
        return result; \
    } while (0)

HR_EXPORT CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes)
{
    HR_BEGIN(cuMemAlloc_v2, address, bytes);
    ALLOCATE(bytes, HR_PLAIN, real->cuMemAlloc_v2(address, bytes), *address);
}

HR_EXPORT CUresult cuMemAlloc(CUdeviceptr_v1 *address, unsigned int bytes)
{
    HR_BEGIN(cuMemAlloc, address, bytes);
    ALLOCATE(bytes, HR_PLAIN, real->cuMemAlloc(address, bytes), *address);
}

HR_EXPORT CUresult cuMemAllocManaged(CUdeviceptr *address, size_t bytes, unsigned int flags)
{
    HR_BEGIN(cuMemAllocManaged, address, bytes, flags);
    enum hr_managed policy = hr_managed_policy();
    if (policy == HR_MANAGED_IGNORE)
        return real->cuMemAllocManaged(address, bytes, flags);
    if (policy == HR_MANAGED_REFUSE) {
        CUcontext context;
        struct hr_card *card = hr_current_card(&context);
        return card ? hr_refuse(card, bytes) : real->cuMemAllocManaged(address, bytes, flags);
    }
    ALLOCATE(bytes, HR_MANAGED, real->cuMemAllocManaged(address, bytes, flags), *address);
}

/* Rows are padded as the driver likes: asked for by a guess, held by what came out. */
static uint64_t guess_pitched(uint64_t width, uint64_t height)
{
    uint64_t row = hr_add(width, PITCH_STEP - 1) / PITCH_STEP * PITCH_STEP, bytes;
    return __builtin_mul_overflow(row, height, &bytes) ? UINT64_MAX : bytes;
}

/* True if it may be kept. */
static bool settle_pitched(struct hr_card *card, uint64_t guessed, uint64_t bytes, CUdeviceptr address, CUcontext context)
{
    hr_got(card, guessed, bytes, HR_PITCH);
    if (bytes > guessed && hr_over(card)) {
        hr_lost(card, bytes, HR_PITCH);
        return false;
    }
    hr_track(card, HR_POINTER, address, bytes, HR_PITCH, context);
    return true;
}

#define ALLOCATE_PITCHED(allocate, release) \
    do { \
        CUcontext context; \
        struct hr_card *card = hr_current_card(&context); \
        if (!card || !width || !height) \
            return allocate; \
        uint64_t guessed = guess_pitched(width, height); \
        if (!hr_ask(card, guessed, true)) \
            return hr_refuse(card, guessed); \
        CUresult result = hr_driver_said(card, guessed, allocate); \
        if (result) { \
            hr_got(card, guessed, 0, HR_PITCH); \
            return result; \
        } \
        uint64_t bytes = (uint64_t)*pitch * height; \
        if (settle_pitched(card, guessed, bytes, *address, context)) \
            return CUDA_SUCCESS; \
        release; \
        *address = 0; \
        return hr_refuse(card, bytes); \
    } while (0)

HR_EXPORT CUresult cuMemAllocPitch_v2(CUdeviceptr *address, size_t *pitch, size_t width, size_t height, unsigned int element)
{
    HR_BEGIN(cuMemAllocPitch_v2, address, pitch, width, height, element);
    ALLOCATE_PITCHED(real->cuMemAllocPitch_v2(address, pitch, width, height, element), real->cuMemFree_v2(*address));
}

HR_EXPORT CUresult cuMemAllocPitch(CUdeviceptr_v1 *address, unsigned int *pitch, unsigned int width, unsigned int height, unsigned int element)
{
    HR_BEGIN(cuMemAllocPitch, address, pitch, width, height, element);
    ALLOCATE_PITCHED(real->cuMemAllocPitch(address, pitch, width, height, element), real->cuMemFree(*address));
}

HR_EXPORT CUresult cuMemFree_v2(CUdeviceptr address)
{
    HR_BEGIN(cuMemFree_v2, address);
    struct freeing freeing = start_freeing(address);
    return end_freeing(&freeing, real->cuMemFree_v2(address));
}

HR_EXPORT CUresult cuMemFree(CUdeviceptr_v1 address)
{
    HR_BEGIN(cuMemFree, address);
    struct freeing freeing = start_freeing(address);
    return end_freeing(&freeing, real->cuMemFree(address));
}

HR_EXPORT CUresult cuMemFreeAsync(CUdeviceptr address, CUstream stream)
{
    HR_BEGIN(cuMemFreeAsync, address, stream);
    struct freeing freeing = start_freeing(address);
    return end_freeing(&freeing, real->cuMemFreeAsync(address, stream));
}

HR_EXPORT CUresult cuMemFreeAsync_ptsz(CUdeviceptr address, CUstream stream)
{
    HR_BEGIN(cuMemFreeAsync_ptsz, address, stream);
    struct freeing freeing = start_freeing(address);
    return end_freeing(&freeing, real->cuMemFreeAsync_ptsz(address, stream));
}
