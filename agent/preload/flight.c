/* Launches in flight of each context. Behind each launch an event is recorded on its stream; it is done when the event is. No more than 16 are kept: without a
 * cap the oldest give way, and 16 means "16 or more".
 *
 * Events are asked for in capture mode "relaxed": in another mode an innocent question would break a capture that another thread is making.
 */
#include "gate.h"

#include <string.h>

#define CONTEXTS 64
#define KEPT HR_GATE_MAX_FLIGHT
#define FAILURES 16 /* recordings in a row that the driver refused */

struct hr_flights {
    struct hr_lock lock;
    CUcontext context; /* NULL: free */
    uint32_t era;      /* counts the contexts that had this place */
    uint32_t card;     /* index */
    bool broken;       /* the context has failed: its calls return errors and are none of our business */
    bool blind;        /* no events */
    unsigned live, reserved, spare, failures;
    CUevent flying[KEPT]; /* oldest first */
    CUevent spares[KEPT];
    uint64_t done_ns; /* when one was last found done */
};

static struct hr_flights all[CONTEXTS];
static struct hr_lock claiming;
static uint32_t used; /* places below this one have been used */

static int relax(void)
{
    const struct hr_driver *real = hr_driver();
    int mode = CU_STREAM_CAPTURE_MODE_RELAXED;
    if (!real->cuThreadExchangeStreamCaptureMode || real->cuThreadExchangeStreamCaptureMode(&mode))
        return -1;
    return mode;
}

static void unrelax(const int *mode)
{
    int back = *mode;
    if (back >= 0)
        hr_driver()->cuThreadExchangeStreamCaptureMode(&back);
}
#define RELAXED __attribute__((cleanup(unrelax), unused)) const int mode_before = relax()

static CUcontext context_of(CUstream stream)
{
    const struct hr_driver *real = hr_driver();
    CUcontext context = NULL;
    if ((uintptr_t)stream > CU_STREAM_PER_THREAD && real->cuStreamGetCtx)
        return real->cuStreamGetCtx(stream, &context) ? NULL : context;
    return real->cuCtxGetCurrent && !real->cuCtxGetCurrent(&context) ? context : NULL;
}

static struct hr_flights *find(CUcontext context)
{
    for (unsigned i = 0; i < __atomic_load_n(&used, __ATOMIC_ACQUIRE); i++)
        if (__atomic_load_n(&all[i].context, __ATOMIC_ACQUIRE) == context)
            return &all[i];
    return NULL;
}

/* The caller has `claiming`. */
static struct hr_flights *find_free(void)
{
    struct hr_flights *left = find(NULL);
    if (!left && used < CONTEXTS) {
        left = &all[used];
        __atomic_store_n(&used, used + 1, __ATOMIC_RELEASE);
    }
    return left;
}

/* With its context current. */
static void make_events(struct hr_flights *flights)
{
    const struct hr_driver *real = hr_driver();
    RELAXED;
    while (flights->spare < KEPT && real->cuEventCreate && real->cuEventDestroy_v2 && real->cuEventRecord && real->cuEventQuery &&
           !real->cuEventCreate(&flights->spares[flights->spare], CU_EVENT_DISABLE_TIMING))
        flights->spare++;
    flights->blind = flights->spare < HR_GATE_MIN_FLIGHT;
}

static struct hr_flights *claim(CUcontext context)
{
    const struct hr_driver *real = hr_driver();
    CUcontext current = NULL, popped;
    if (!real->cuCtxGetCurrent || real->cuCtxGetCurrent(&current))
        return NULL;
    bool pushed = current != context;
    if (pushed && (!real->cuCtxPushCurrent_v2 || !real->cuCtxPopCurrent_v2 || real->cuCtxPushCurrent_v2(context)))
        return NULL;
    struct hr_card *card = hr_current_card(&current);
    hr_take(&claiming);
    struct hr_flights *found = card ? find(context) : NULL;
    struct hr_flights *free = card && !found ? find_free() : NULL;
    if (free) {
        hr_take(&free->lock);
        free->card = hr_card_index(card);
        free->broken = false;
        free->live = free->reserved = free->spare = free->failures = 0;
        free->done_ns = 0;
        free->era++;
        make_events(free);
        __atomic_store_n(&free->context, context, __ATOMIC_RELEASE);
        hr_give(&free->lock);
        found = free;
    }
    hr_give(&claiming);
    if (pushed)
        real->cuCtxPopCurrent_v2(&popped);
    return found;
}

struct hr_flights *hr_flights_of(CUstream stream, uint32_t *era, struct hr_card **card)
{
    CUcontext context = context_of(stream);
    struct hr_flights *flights = context ? find(context) : NULL;
    if (context && !flights)
        flights = claim(context);
    *card = NULL;
    if (!flights) {
        *card = hr_current_card(&context);
        return NULL;
    }
    hr_take(&flights->lock);
    bool same = flights->context == context;
    *era = flights->era;
    *card = same ? hr_card_by_index(flights->card) : NULL;
    hr_give(&flights->lock);
    return same ? flights : NULL;
}

static bool is_of(const struct hr_flights *flights, uint32_t era)
{
    return flights->era == era && flights->context;
}

bool hr_flights_broken(struct hr_flights *flights, uint32_t era)
{
    hr_take(&flights->lock);
    bool broken = !is_of(flights, era) || flights->broken;
    hr_give(&flights->lock);
    return broken;
}

/* Under the lock. Launches of several streams end in any order. */
static void sweep(struct hr_flights *flights)
{
    const struct hr_driver *real = hr_driver();
    if (!flights->live || flights->broken)
        return;
    unsigned left = 0;
    RELAXED;
    for (unsigned i = 0; i < flights->live; i++) {
        CUresult result = flights->broken ? CUDA_ERROR_NOT_READY : real->cuEventQuery(flights->flying[i]);
        if (result == CUDA_ERROR_NOT_READY) {
            flights->flying[left++] = flights->flying[i];
            continue;
        }
        flights->broken = result != CUDA_SUCCESS;
        flights->spares[flights->spare++] = flights->flying[i];
    }
    if (left < flights->live)
        flights->done_ns = hr_now_ns();
    flights->live = left;
}

bool hr_flights_room(struct hr_flights *flights, uint32_t era, unsigned most, uint64_t *done_ns)
{
    hr_take(&flights->lock);
    bool room = true;
    if (is_of(flights, era)) {
        sweep(flights);
        room = flights->broken || flights->blind || flights->live + flights->reserved < most;
    }
    *done_ns = flights->done_ns;
    hr_give(&flights->lock);
    return room;
}

bool hr_flights_reserve(struct hr_flights *flights, uint32_t era, unsigned most, bool anyway)
{
    hr_take(&flights->lock);
    bool passes = true;
    if (is_of(flights, era)) {
        if (most && !flights->blind && flights->live + flights->reserved >= most) {
            sweep(flights);
            passes = anyway || flights->broken || flights->live + flights->reserved < most;
        }
        flights->reserved += passes;
    }
    hr_give(&flights->lock);
    return passes;
}

/* An event to record, taken out of the books meanwhile: an oldest one if need be. */
static CUevent take_event(struct hr_flights *flights)
{
    if (flights->spare)
        return flights->spares[--flights->spare];
    if (!flights->live)
        return NULL;
    CUevent oldest = flights->flying[0];
    memmove(&flights->flying[0], &flights->flying[1], --flights->live * sizeof oldest);
    return oldest;
}

void hr_flights_record(struct hr_flights *flights, uint32_t era, CUstream stream, bool launched)
{
    const struct hr_driver *real = hr_driver();
    hr_take(&flights->lock);
    bool ours = is_of(flights, era);
    CUevent event = ours && launched && !flights->blind && !flights->broken ? take_event(flights) : NULL;
    hr_give(&flights->lock);
    CUresult result = CUDA_SUCCESS;
    if (event) { /* without the lock: the driver lets it wait where its queue is full */
        RELAXED;
        result = real->cuEventRecord(event, stream);
    }
    hr_take(&flights->lock);
    if (is_of(flights, era)) { /* else the context is gone, and its event with it */
        flights->reserved -= flights->reserved > 0;
        if (event && !result)
            flights->flying[flights->live++] = event;
        else if (event)
            flights->spares[flights->spare++] = event;
        flights->failures = result ? flights->failures + 1 : 0;
        flights->blind |= flights->failures >= FAILURES;
    }
    hr_give(&flights->lock);
}

void hr_flights_sum(uint64_t in_flight[HR_MAX_GPUS], bool swept)
{
    memset(in_flight, 0, HR_MAX_GPUS * sizeof *in_flight);
    for (unsigned i = 0; i < __atomic_load_n(&used, __ATOMIC_ACQUIRE); i++) {
        struct hr_flights *flights = &all[i];
        if (!__atomic_load_n(&flights->context, __ATOMIC_ACQUIRE))
            continue;
        hr_take(&flights->lock);
        if (flights->context && !flights->broken) {
            if (swept)
                sweep(flights);
            uint64_t *sum = &in_flight[flights->card];
            *sum = flights->blind || *sum == HR_GATE_UNKNOWN ? HR_GATE_UNKNOWN : *sum + flights->live + flights->reserved;
        }
        hr_give(&flights->lock);
    }
}

static void let_go(CUcontext context, bool destroy)
{
    const struct hr_driver *real = hr_driver();
    struct hr_flights *flights = context ? find(context) : NULL;
    if (!flights)
        return;
    hr_take(&flights->lock);
    if (flights->context == context) {
        for (unsigned i = 0; destroy && i < flights->live; i++)
            real->cuEventDestroy_v2(flights->flying[i]);
        for (unsigned i = 0; destroy && i < flights->spare; i++)
            real->cuEventDestroy_v2(flights->spares[i]);
        flights->live = flights->reserved = flights->spare = 0;
        flights->era++;
        __atomic_store_n(&flights->context, NULL, __ATOMIC_RELEASE);
    }
    hr_give(&flights->lock);
}

void hr_flights_end(CUcontext context)
{
    let_go(context, true);
}

void hr_flights_ended(CUcontext context)
{
    let_go(context, false);
}

void hr_flights_forget(void)
{
    memset(all, 0, sizeof all);
    memset(&claiming, 0, sizeof claiming);
    used = 0;
}
