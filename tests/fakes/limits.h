/* VRAM limits of cgroups, as the driver keeps them from 615 on: the file `limits` beside the file `machine`, mapped shared by whoever needs it. A double makes
 * it when it is missing; zeros are an empty table. Not part of struct hm_machine: older doubles need not know it.
 *
 * As there, no lock: an entry counts while its `state` is HM_LIMIT_SET. `used` is for tests, and for doubles that allocate. */
#ifndef HEADROOM_LIMITS_H
#define HEADROOM_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#define HM_MAX_LIMITS 64
#define HM_LIMIT_PATH 480
#define HM_NO_LIMIT UINT64_MAX /* nvml.h: NVML_DEVICE_MEMORY_LIMIT_MAX */

enum { HM_LIMIT_FREE = 0, HM_LIMIT_TAKEN = 1, HM_LIMIT_SET = 2 };

struct hm_limit {
    uint32_t state;
    uint32_t gpu;
    uint64_t inode; /* of the folder: a cgroup made anew has no limit */
    uint64_t soft; /* bytes */
    uint64_t hard;
    char path[HM_LIMIT_PATH];
};

struct hm_limits {
    uint32_t misc; /* the driver's own bookkeeping instead of the kernel's dmem: other codes, and no limit below what is held */
    uint32_t spare;
    uint64_t used; /* bytes that every cgroup is said to hold */
    struct hm_limit entries[HM_MAX_LIMITS];
};

_Static_assert(sizeof(struct hm_limit) == 512, "hm_limit");
_Static_assert(offsetof(struct hm_limit, path) == 32, "hm_limit.path");
_Static_assert(sizeof(struct hm_limits) == 16 + 512 * HM_MAX_LIMITS, "hm_limits");

#endif
