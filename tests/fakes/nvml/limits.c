/* VRAM limits of cgroups: ../limits.h. Codes for a cgroup that is not there, and for a limit below what is held, are not documented: assumed. */
#define _GNU_SOURCE
#include "double.h"

#if defined(VARIANT_R615)
#include "../limits.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct hm_limits *map_limits(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct hm_limits *mapped;
    Dl_info self;
    char path[4096];
    const char *slash;
    void *map;
    int fd;

    pthread_mutex_lock(&lock);
    if (!mapped && dladdr((void *)map_limits, &self) && self.dli_fname && (slash = strrchr(self.dli_fname, '/'))) {
        snprintf(path, sizeof path, "%.*s/limits", (int)(slash - self.dli_fname), self.dli_fname);
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd >= 0 && ftruncate(fd, sizeof *mapped) == 0) {
            map = mmap(NULL, sizeof *mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
            mapped = map == MAP_FAILED ? NULL : map;
        }
        if (fd >= 0)
            close(fd);
    }
    pthread_mutex_unlock(&lock);
    return mapped;
}

/* The driver knows a cgroup by the folder that the name leads to. */
static nvmlReturn_t identify(const char *name, char path[PATH_MAX], uint64_t *inode)
{
    struct stat stat_of;

    if (!name || name[0] != '/' || !realpath(name, path) || strlen(path) >= HM_LIMIT_PATH)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (stat(path, &stat_of) != 0 || !S_ISDIR(stat_of.st_mode))
        return NVML_ERROR_INVALID_ARGUMENT;
    *inode = stat_of.st_ino;
    return NVML_SUCCESS;
}

static struct hm_limit *find(struct hm_limits *limits, unsigned gpu, const char *path, uint64_t inode)
{
    for (unsigned i = 0; i < HM_MAX_LIMITS; i++) {
        struct hm_limit *entry = &limits->entries[i];
        if (LOAD(entry->state) != HM_LIMIT_SET || entry->gpu != gpu || strcmp(entry->path, path) != 0)
            continue;
        if (entry->inode == inode)
            return entry;
        __atomic_store_n(&entry->state, HM_LIMIT_FREE, __ATOMIC_RELEASE);
    }
    return NULL;
}

static struct hm_limit *take(struct hm_limits *limits)
{
    for (unsigned i = 0; i < HM_MAX_LIMITS; i++) {
        uint32_t is_free = HM_LIMIT_FREE;
        if (__atomic_compare_exchange_n(&limits->entries[i].state, &is_free, HM_LIMIT_TAKEN, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            return &limits->entries[i];
    }
    return NULL;
}

EXPORT nvmlReturn_t nvmlDeviceSetMemoryLimits_v1(nvmlDevice_t device, nvmlSetMemoryLimits_v1_t *limits)
{
    struct target t;
    struct hm_limits *map = map_limits();
    struct hm_limit *entry;
    char path[PATH_MAX];
    uint64_t inode;

    TRY(enter_whole(HM_DeviceSetMemoryLimits_v1, device, &t));
    if (!map)
        return NVML_ERROR_UNKNOWN;
    if (!limits || limits->softLimit > limits->hardLimit)
        return NVML_ERROR_INVALID_ARGUMENT;
    TRY(identify(limits->nameSpace, path, &inode));
    if (LOAD(map->misc) && limits->hardLimit < LOAD(map->used))
        return NVML_ERROR_INVALID_ARGUMENT;
    entry = find(map, t.index, path, inode);
    if (!entry) {
        entry = take(map);
        if (!entry)
            return NVML_ERROR_MEMORY;
        entry->gpu = t.index;
        entry->inode = inode;
        strcpy(entry->path, path);
    }
    __atomic_store_n(&entry->soft, limits->softLimit, __ATOMIC_RELEASE);
    __atomic_store_n(&entry->hard, limits->hardLimit, __ATOMIC_RELEASE);
    __atomic_store_n(&entry->state, HM_LIMIT_SET, __ATOMIC_RELEASE);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryLimits_v1(nvmlDevice_t device, nvmlGetMemoryLimits_v1_t *limits)
{
    struct target t;
    struct hm_limits *map = map_limits();
    struct hm_limit *entry;
    char path[PATH_MAX];
    uint64_t inode;

    TRY(enter_whole(HM_DeviceGetMemoryLimits_v1, device, &t));
    if (!map)
        return NVML_ERROR_UNKNOWN;
    if (!limits)
        return NVML_ERROR_INVALID_ARGUMENT;
    TRY(identify(limits->nameSpace, path, &inode));
    entry = find(map, t.index, path, inode);
    if (!entry)
        return LOAD(map->misc) ? NVML_ERROR_NOT_SUPPORTED : NVML_ERROR_NOT_FOUND;
    limits->softLimit = LOAD(entry->soft);
    limits->hardLimit = LOAD(entry->hard);
    limits->currentUsed = LOAD(map->used);
    return NVML_SUCCESS;
}
#endif
