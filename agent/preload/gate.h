/* The launch gate inside a process: gate.c looks, waits and tells, flight.c knows what is in flight, launch.c stands in for the driver's calls.
 *
 * Nothing here is locked while a thread waits; locks are held for a few loads and stores, and over driver calls that do not block. A signal handler may run
 * at any time of a wait, and a thread that waits can be killed with its process, as everywhere else.
 */
#ifndef HEADROOM_GATE_H
#define HEADROOM_GATE_H

#include "internal.h"

struct hr_flights;

/* What one launch keeps on its way. */
struct hr_launch {
    bool on;       /* the gate is turned on: it is in `passing` */
    bool blocking; /* a copy that ends with the call */
    struct hr_flights *flights; /* where it has a place for itself; NULL: not kept */
    uint32_t era;               /* of them */
    CUstream stream;
    struct hr_card *card;
    uint64_t held_ns, looked_ns;
};

/* The gate's word of the life that this process belongs to; another word that is not 0 while that is not known. */
extern const uint64_t *hr_gate_word_at;

static inline bool hr_gate_is_on(void)
{
    const uint64_t *at = __atomic_load_n(&hr_gate_word_at, __ATOMIC_RELAXED);
    return __builtin_expect(__atomic_load_n(at, __ATOMIC_RELAXED) != 0, 0);
}

/* `stream`: as given; per_thread: where NULL means the thread's own. Waits. */
void hr_gate_enter(struct hr_launch *launch, CUstream stream, bool per_thread);
void hr_gate_leave(struct hr_launch *launch, CUresult result);
/* After a call that waited for the GPU since began_ns: asks what is done, if the gate is closed. */
void hr_gate_glance(uint64_t began_ns);
/* seat.c: this process sits there now. */
void hr_gate_seated(const struct hr_replica *replica);
void hr_gate_forget(void);

/* Around a call of the driver: { struct hr_launch launch; hr_begin(...); result = real(...); return hr_end(&launch, result); } */
static inline void hr_begin(struct hr_launch *launch, CUstream stream, bool per_thread, bool blocking)
{
    launch->on = false;
    launch->blocking = blocking;
    if (hr_gate_is_on() && !hr_inside)
        hr_gate_enter(launch, stream, per_thread);
}

static inline CUresult hr_end(struct hr_launch *launch, CUresult result)
{
    if (__builtin_expect(launch->on, 0))
        hr_gate_leave(launch, result);
    return result;
}

/* ---- flight.c: what each context has in flight, by an event behind each launch. */

/* Those of the stream's context; NULL: not to be had, then nothing is kept of its launches. *card is the GPU, if that much is known. */
struct hr_flights *hr_flights_of(CUstream stream, uint32_t *era, struct hr_card **card);
/* Whether the context has failed, or is gone: nothing is held back there. */
bool hr_flights_broken(struct hr_flights *flights, uint32_t era);
/* Takes a place for one more launch if that leaves at most `most` (0: any number) in flight. `anyway`: also where it does not. */
bool hr_flights_reserve(struct hr_flights *flights, uint32_t era, unsigned most, bool anyway);
/* Looks what is done, and whether there is a place. *done_ns: CLOCK_BOOTTIME when something was last found done, or 0. */
bool hr_flights_room(struct hr_flights *flights, uint32_t era, unsigned most, uint64_t *done_ns);
/* Ends a reservation: an event behind the launch, or none for one that failed. */
void hr_flights_record(struct hr_flights *flights, uint32_t era, CUstream stream, bool launched);
/* Of all contexts of each GPU, after a sweep: what is in flight there, HR_GATE_UNKNOWN where that can't be told. */
void hr_flights_sum(uint64_t in_flight[HR_MAX_GPUS], bool sweep);
/* Before a context ends: lets its events go. After it has ended: forgets those made since. */
void hr_flights_end(CUcontext context);
void hr_flights_ended(CUcontext context);
void hr_flights_forget(void);

#endif
