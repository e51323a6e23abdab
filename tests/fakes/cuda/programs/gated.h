/* What the parts of gated share: gated.c, gated_threads.c and gated_contexts.c the scenarios, gated_hand.c the agent's hand at the gate, gated_paths.c every way to launch. */
#ifndef HEADROOM_CUDA_GATED_H
#define HEADROOM_CUDA_GATED_H

#define _GNU_SOURCE
#include "../../../../agent/preload/page.h"
#include "cuda.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

/* ---- gated_hand.c */
extern uint64_t closure; /* number of the last one */
void open_page(void);
struct hr_replica *replica(void);   /* this process's; NULL: none yet */
struct hr_process *slot_of(pid_t pid);
uint64_t boot_ns(void);
uint64_t steady_ns(void);
void put_gate(enum hr_gate_mode mode, unsigned k, uint64_t for_ms); /* a closing counts as a new closure */
void prolong_gate(unsigned k, uint64_t for_ms);
void put_words(const uint64_t words[4]);
void put_off(void);
unsigned waiting(void);
unsigned passing(void);
struct headroom_cuda_queue queue(void);
void pause_us(long us);

void check(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Waits until it holds; false after a deadline that only a mistake reaches. */
#define HOLDS(condition) \
    ({ \
        uint64_t give_up_at = steady_ns() + 5000000000u; \
        bool seen; \
        while (!(seen = (condition)) && steady_ns() < give_up_at) \
            pause_us(100); \
        seen; \
    })

/* A call in a thread of its own. */
struct held_call {
    pthread_t thread;
    CUresult (*call)(void *);
    void *with;
    CUresult result;
    uint64_t begun_ns, ended_ns; /* steady; 0: not yet */
};
void start(struct held_call *held, CUresult (*call)(void *), void *with);
bool ended(struct held_call *held);
bool join(struct held_call *held); /* false: it hangs */

/* ---- gated.c */
extern CUcontext context;
extern CUstream stream;
CUresult kernel(void *us); /* one of so many microseconds on `stream` */
CUresult launch_on(CUstream on, unsigned us);
void *driver_call(const char *name, int version, const char *symbol, enum find how);
#define DRIVER(symbol, parameters) ((CUresult(*) parameters)driver_call(0, 0, #symbol, BY_DLSYM))
double ms(uint64_t from, uint64_t to);
void wait_held(struct held_call *held);

/* ---- scenarios of the other files */
void every_path(void);
void threads(void);
void signals(void);
void fork_and_kill(void);
void capture(void);
void contexts(void);

#endif
