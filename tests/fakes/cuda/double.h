/* What the double's files share. Every exported call begins with GUARDED, which takes the one lock and ends it at return. */
#ifndef HEADROOM_CUDA_DOUBLE_H
#define HEADROOM_CUDA_DOUBLE_H

#include "../machine.h"
#include "abi.h"
#include "books.h"

#define EXPORT __attribute__((visibility("default")))

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define CHUNK (2 * MIB) /* what device memory comes in */

static inline uint64_t round_up(uint64_t n, uint64_t unit) { return (n + unit - 1) / unit * unit; }

/* state.c */
CUresult enter(void);      /* locks, unless it refuses */
CUresult enter_early(void); /* as enter, also before cuInit */
void leave(int *);
#define GUARD(how) \
    CUresult entered = how(); \
    if (entered) \
        return entered; \
    int guard __attribute__((cleanup(leave), unused)) = 0
#define GUARDED GUARD(enter)

#define TRY(result) \
    do { \
        CUresult try_result = (result); \
        if (try_result) \
            return try_result; \
    } while (0)

/* One CUDA device of this process: by ordinal, after CUDA_VISIBLE_DEVICES. */
struct gpu {
    struct hm_gpu *card;
    unsigned index; /* in the machine */
    struct hm_process *entry; /* this process's, claimed at first need */
    uint64_t books[BOOK_KINDS];
    unsigned contexts;
    CUcontext primary;
    unsigned primary_refs;
    unsigned primary_flags;
    CUmemoryPool default_pool, current_pool;
    uint64_t graph_used, graph_used_high, graph_reserved, graph_reserved_high;
    uint64_t busy_until_ns; /* CLOCK_MONOTONIC: when all that was launched is done */
    uint64_t window_start_ns, window_busy_ns; /* the second that sm_util is about */
};

extern struct gpu gpus[HM_MAX_GPUS];
extern unsigned gpu_count;
struct hm_machine *machine(void);
CUresult open_machine(void);
CUresult find_gpu(CUdevice device, struct gpu **gpu);
uint64_t environment_number(const char *name, uint64_t otherwise);

/* card.c: all bytes pass these. */
CUresult book(struct gpu *gpu, enum books_kind kind, uint64_t bytes);
void unbook(struct gpu *gpu, enum books_kind kind, uint64_t bytes);
void book_contexts(struct gpu *gpu, int more);
uint64_t card_free(struct gpu *gpu);

/* objects.c: everything with a handle. A stale or made-up handle finds nothing. */
enum type { CONTEXT = 1, POOL, PHYSICAL, ARRAY, GRAPH, NODE, EXEC, STREAM, EVENT, MODULE, FUNCTION };
struct object {
    enum type type;
    uint64_t handle;
};
void *object_new(enum type type, size_t size);
void *object_get(const void *handle, enum type type);
void object_free(void *object);
void *object_next(enum type type, unsigned *cursor);
#define HANDLE(object) ((void *)(object)->base.handle)

/* ranges.c: device addresses, PROT_NONE for the host. */
enum use { USE_PLAIN, USE_POOL, USE_GRAPH, USE_RESERVED, USE_IMPORTED };
struct range {
    uint64_t start, size;
    enum use use;
    enum books_kind kind;
    struct gpu *gpu;
    void *owner; /* struct context, pool, or graph memory; of a reservation its first mapping */
    uint64_t bytes; /* as booked */
};
struct range *range_new(uint64_t size, uint64_t align);
struct range *range_new_low(uint64_t size); /* below 4 GiB */
struct range *range_at(uint64_t address);      /* that starts there */
struct range *range_around(uint64_t address);  /* that holds it */
struct range *range_next(unsigned *cursor);
void range_free(struct range *range);

/* context.c */
extern int faulted; /* a kernel named fault has run: nothing works any more, as after an illegal address */
struct context {
    struct object base;
    struct gpu *gpu;
    unsigned flags;
    int primary;
};
CUresult current_context(struct context **context);
CUresult stream_gpu(CUstream stream, struct gpu **gpu);
void drop_memory_of(struct context *context);

/* memory.c */
CUresult free_range(struct range *range);

/* pool.c */
struct pool {
    struct object base;
    struct gpu *gpu;
    uint64_t unit, max, threshold;
    uint64_t used, used_high, reserved, reserved_high;
    int destroyed; /* its last block takes it along */
};
void pool_take_back(struct pool *pool, uint64_t bytes);
void release_pools(struct gpu *gpu); /* what a synchronisation gives back */
void reset_default_pool(struct gpu *gpu);

/* array.c */
void drop_arrays_of(struct context *context);

/* graph.c */
CUresult graph_memory_freed(struct range *range);
void reset_graph_memory(struct gpu *gpu);

/* timeline.c */
uint64_t run_on_gpu(struct gpu *gpu, uint64_t us); /* answers until when the caller must wait: the queue is full */
uint64_t kernel_us(CUfunction function, void **parameters); /* launch.c; UINT64_MAX: no such function */
/* capture.c */
int keep_in_capture(CUstream stream, uint64_t us); /* whether it is being captured: then it does not run */
CUresult ask_in_capture(void); /* what a capture makes of a question that could break it */
uint64_t now_ns(void);
void wait_until(uint64_t ns); /* not under the lock */

#endif
