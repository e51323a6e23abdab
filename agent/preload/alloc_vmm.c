/* cuMemCreate: physical memory with a handle, mapped to addresses apart from it. It is the GPU's until the last reference is released and the last mapping is
 * gone. Handles of somebody else's memory (imported) are not in the table, and so cost nothing and release nothing. */
#include "internal.h"

static void handle_gone(const struct hr_entry *entry)
{
    hr_untrack_freed(entry);
}

/* The calls that may let memory go change the counts before the driver does, for the handle's number may be given out again at once; and put back on failure. */
HR_EXPORT CUresult cuMemCreate(CUmemGenericAllocationHandle *handle, size_t bytes, const CUmemAllocationProp *properties, unsigned long long flags)
{
    HR_BEGIN(cuMemCreate, handle, bytes, properties, flags);
    bool on_gpu = properties && properties->location.type == CU_MEM_LOCATION_TYPE_DEVICE && bytes;
    /* The device that it says, not the current context's. */
    struct hr_card *card = on_gpu ? hr_card(properties->location.id) : NULL;
    if (!card)
        return real->cuMemCreate(handle, bytes, properties, flags);
    if (hr_charge(card, bytes, HR_VMM))
        return CUDA_ERROR_OUT_OF_MEMORY;
    CUresult result = hr_driver_said(card, bytes, real->cuMemCreate(handle, bytes, properties, flags));
    if (result)
        hr_charge_undo(card, bytes, HR_VMM);
    else
        hr_track(card, HR_HANDLE, *handle, bytes, HR_VMM, NULL);
    return result;
}

static void put_back(const struct hr_entry *before, int references, int mappings)
{
    struct hr_entry entry = *before, old;
    if (hr_table_count(HR_HANDLE, before->key, references, mappings, &entry))
        return;
    entry.references = (uint32_t)references;
    entry.mappings = (uint32_t)mappings;
    if (!hr_table_put(&entry, &old))
        handle_gone(&entry);
}

HR_EXPORT CUresult cuMemRelease(CUmemGenericAllocationHandle handle)
{
    HR_BEGIN(cuMemRelease, handle);
    struct hr_entry entry;
    int change = hr_table_count(HR_HANDLE, handle, -1, 0, &entry);
    CUresult result = real->cuMemRelease(handle);
    if (result && change)
        put_back(&entry, 1, 0);
    else if (change == 2)
        handle_gone(&entry);
    return result;
}

HR_EXPORT CUresult cuMemRetainAllocationHandle(CUmemGenericAllocationHandle *handle, void *address)
{
    HR_BEGIN(cuMemRetainAllocationHandle, handle, address);
    struct hr_entry entry;
    CUresult result = real->cuMemRetainAllocationHandle(handle, address);
    if (!result)
        hr_table_count(HR_HANDLE, *handle, 1, 0, &entry);
    return result;
}

/* Its own memory may come back in by the same handle. */
HR_EXPORT CUresult cuMemImportFromShareableHandle(CUmemGenericAllocationHandle *handle, void *os_handle, int type)
{
    HR_BEGIN(cuMemImportFromShareableHandle, handle, os_handle, type);
    struct hr_entry entry;
    CUresult result = real->cuMemImportFromShareableHandle(handle, os_handle, type);
    if (!result)
        hr_table_count(HR_HANDLE, *handle, 1, 0, &entry);
    return result;
}

HR_EXPORT CUresult cuMemMap(CUdeviceptr address, size_t size, size_t offset, CUmemGenericAllocationHandle handle, unsigned long long flags)
{
    HR_BEGIN(cuMemMap, address, size, offset, handle, flags);
    CUresult result = real->cuMemMap(address, size, offset, handle, flags);
    if (result)
        return result;
    /* Mappings of untracked handles are remembered too: unmapping goes from one mapping to the next. */
    struct hr_entry old, entry, mapping = { .key = address, .bytes = size, .owner = handle, .references = 1, .space = HR_MAPPING };
    if (hr_table_put(&mapping, &old))
        hr_table_count(HR_HANDLE, handle, 0, 1, &entry);
    return result;
}

HR_EXPORT CUresult cuMemUnmap(CUdeviceptr address, size_t size)
{
    HR_BEGIN(cuMemUnmap, address, size);
    CUresult result = real->cuMemUnmap(address, size);
    if (result)
        return result;
    struct hr_entry mapping, entry;
    for (CUdeviceptr at = address; at - address < size && hr_table_take(HR_MAPPING, at, &mapping); at += mapping.bytes ? mapping.bytes : size)
        if (hr_table_count(HR_HANDLE, mapping.owner, 0, -1, &entry) == 2)
            handle_gone(&entry);
    return result;
}
