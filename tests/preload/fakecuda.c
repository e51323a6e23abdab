/* A libcuda of a few functions, for what the double does not do: it answers cuGetProcAddress with addresses that it does not export. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int cuCtxGetCurrent(void **context) { *context = (void *)1; return 0; }
EXPORT int cuCtxGetDevice(int *device) { *device = 0; return 0; }
EXPORT int cuDeviceGetUuid_v2(unsigned char *uuid, int device) { memset(uuid, 7 + device, 16); return 0; }
EXPORT int cuInit(unsigned flags) { return (int)flags; }
EXPORT int cuMemAlloc_v2(uint64_t *address, size_t bytes) { static uint64_t next = 1 << 20; *address = next += bytes; return 0; }
EXPORT int cuMemAlloc(unsigned *address, unsigned bytes) { *address = bytes; return 0; }
EXPORT int cuMemFree_v2(uint64_t address) { return address == 0; }
EXPORT int cuMemAllocAsync(uint64_t *address, size_t bytes, void *stream) { (void)stream; return cuMemAlloc_v2(address, bytes); }
EXPORT int cuMemAllocAsync_ptsz(uint64_t *address, size_t bytes, void *stream) { return cuMemAllocAsync(address, bytes, stream); }
EXPORT int cuGraphInstantiate_v2(void) { return 0; }
EXPORT int cuGraphInstantiateWithFlags(void) { return 0; }
EXPORT int cuMemAlloc_v3(void) { return 42; } /* a variant of the future */

static int inner(void) { return 0; }

EXPORT int cuGetProcAddress(const char *name, void **function, int version, uint64_t flags)
{
    (void)flags;
    *function = NULL;
    if (!strcmp(name, "cuMemAlloc"))
        *function = version >= 99000 ? (void *)cuMemAlloc_v3 : (void *)inner;
    else if (!strcmp(name, "cuMemAllocAsync") || !strcmp(name, "cuGraphInstantiate") || !strcmp(name, "cuInit"))
        *function = (void *)inner;
    return *function ? 0 : 500;
}
