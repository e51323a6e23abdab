/* Process entries of the machine that the CUDA double keeps (HM_OWNED), and how they go when their process is dead.
 *
 * What a process holds on a card is one word, `used_bytes` of its entry there, and `memory_used` of the card stays what a test says
 * the others hold: the card's use is their sum. So no kill, at whatever instruction, leaves the two at odds, and reaping an entry
 * gives back exactly what its process had.
 *
 * `spare` says whose an entry is: host pid << 40 | start time. Claimed from 0 and taken from the dead by compare and swap; who reaps puts
 * its own identity there, with HM_REAPING, before it touches the rest, so that nobody clears an entry that is somebody else's by now.
 */
#ifndef HEADROOM_OWNED_H
#define HEADROOM_OWNED_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"

#define HM_REAPING (1ull << 63)

#define HM_GET(field) __atomic_load_n(&(field), __ATOMIC_SEQ_CST)
#define HM_PUT(field, value) __atomic_store_n(&(field), (value), __ATOMIC_SEQ_CST)

static inline int hm_swap(uint64_t *word, uint64_t from, uint64_t to)
{
    return __atomic_compare_exchange_n(word, &from, to, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static inline uint64_t hm_identity(unsigned pid, uint64_t start_ticks)
{
    return (uint64_t)(pid & 0x3fffff) << 40 | (start_ticks & 0xffffffffffull);
}

/* Where host pids are looked up: a container has the host's /proc mounted aside. */
static inline const char *hm_host_proc(void)
{
    const char *named = getenv("HEADROOM_HOSTPROC");

    if (named && *named)
        return named;
    return access("/hostproc/self/stat", R_OK) == 0 ? "/hostproc" : "/proc";
}

/* 1 and its start time: the process lives. 0: it is gone, or a zombie whose threads are all gone. -1: cannot be told. */
static inline int hm_lives(const char *proc, unsigned pid, uint64_t *start_ticks)
{
    char path[256], text[1024], state, *p;
    unsigned long long start;
    long threads;
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "%s/%u/stat", proc, pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ESRCH ? 0 : -1;
    n = read(fd, text, sizeof text - 1);
    if (n <= 0) {
        int gone = n < 0 && errno == ESRCH;
        close(fd);
        return gone ? 0 : -1;
    }
    close(fd);
    text[n] = 0;
    /* The name, in brackets, may hold anything; fields 3, 20 and 22 of proc(5) follow its last bracket. */
    p = strrchr(text, ')');
    if (!p || sscanf(p + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d %llu", &state, &threads, &start) != 3)
        return -1;
    *start_ticks = start;
    return (state == 'Z' || state == 'X') && threads <= 1 ? 0 : 1;
}

/* 0 only if whoever has this identity is surely gone. */
static inline int hm_identity_lives(const char *proc, uint64_t identity)
{
    unsigned pid = identity >> 40 & 0x3fffff;
    uint64_t start;
    int lives = hm_lives(proc, pid, &start);

    return lives < 0 || (lives == 1 && hm_identity(pid, start) == identity);
}

static inline uint64_t hm_own_identity(const char *proc)
{
    char path[256], text[32];
    unsigned pid = (unsigned)getpid();
    uint64_t start = 0;
    ssize_t n;

    snprintf(path, sizeof path, "%s/self", proc);
    n = readlink(path, text, sizeof text - 1);
    if (n > 0) {
        text[n] = 0;
        pid = (unsigned)strtoul(text, 0, 10);
    }
    hm_lives(proc, pid, &start);
    return hm_identity(pid, start);
}

/* Counts: claimed, filled, and not being reaped. */
static inline int hm_is_owned(struct hm_process *p)
{
    uint64_t owner = HM_GET(p->spare);

    return owner && !(owner & HM_REAPING) && HM_GET(p->present) && HM_GET(p->quirks) & HM_OWNED;
}

static inline int hm_is_listed(struct hm_process *p)
{
    return HM_GET(p->present) && !(HM_GET(p->spare) & HM_REAPING);
}

/* Frees every entry whose process is dead, also one that died while it claimed or reaped it. */
static inline void hm_reap(struct hm_gpu *gpu)
{
    const char *proc = 0;
    uint64_t me = 0;

    for (unsigned i = 0; i < HM_MAX_PROCESSES; i++) {
        struct hm_process *p = &gpu->processes[i];
        uint64_t owner = HM_GET(p->spare);

        if (!owner)
            continue;
        if (!proc) {
            proc = hm_host_proc();
            me = hm_own_identity(proc);
        }
        if (hm_identity_lives(proc, owner & ~HM_REAPING) || !hm_swap(&p->spare, owner, me | HM_REAPING))
            continue;
        HM_PUT(p->present, 0);
        HM_PUT(p->quirks, 0);
        HM_PUT(p->used_bytes, 0);
        HM_PUT(p->spare, 0);
    }
}

/* What the CUDA double's processes hold on this card. */
static inline uint64_t hm_owned_bytes(struct hm_gpu *gpu)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < HM_MAX_PROCESSES; i++)
        if (hm_is_owned(&gpu->processes[i]))
            bytes += HM_GET(gpu->processes[i].used_bytes);
    return bytes;
}

#endif
