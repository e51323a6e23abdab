/* What the parts of torture share: torture.c the parent, torture_work.c what a worker does, torture_check.c what it compares. */
#ifndef HEADROOM_CUDA_TORTURE_H
#define HEADROOM_CUDA_TORTURE_H

#include "allocate.h"

#include <stdarg.h>
#include <unistd.h>

enum { MAX_DEVICES = 4 };

struct settings {
    unsigned processes, threads, devices;
    uint64_t operations, seed;
    size_t cap; /* that the page has for every card; 0: none */
    int kills, gate;
};
extern struct settings settings;

/* In memory that parent and workers share. */
struct score {
    uint64_t done, given, refused, compared, killed, forked, differences;
};
extern struct score *score;

static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545f4914f6cdd1dull >> 16;
}

void differ(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* torture_work.c: a worker's main, and the last one's. */
int work(void);
int take_all(void);

/* torture_gate.c */
pid_t start_toggling(void);
void launch_some(CUfunction busy, uint64_t *random);
void check_gate_left(void);

/* torture_check.c */
/* `known`: what the worker knows that it holds, by kind; pools and graphs cannot be known so. `none`: it holds nothing. */
void compare_books(CUdevice device, const uint64_t *known, int none);
void check_cap(CUdevice device);
void check_cards_empty(void);

#endif
