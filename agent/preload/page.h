/* The page: one file a service, mapped by libheadroom.so in every process of its containers, read and written (pread, pwrite) by the agent.
 *
 * Who writes what: the agent writes `cap`, `not_cap`, `overhead`, `initial_*`, `agent_*` and the replica's `gate*`; the library writes everything else, each process only its own slot,
 * but for `owners`, whose entry anybody may clear (compare and swap) once that process is dead. There is no lock: a process may be frozen or killed at any
 * instruction and nobody waits for it. All words are little endian, 8 bytes, naturally aligned. C# mirrors the layout in agent/Pages/PageLayout.cs; a test compares
 * every offset (page_layout.c). Any change of layout needs a new HR_VERSION: either side leaves a page of another version or size alone and runs as if there were none.
 * Words that were spare and 0 before may get a meaning within a version, where 0 means "not known to who should write it": so came the launch gate.
 *
 * Nothing in it is trusted: the containers can write all of it. A wrong value may harm the containers of this one service, nobody else.
 */
#ifndef HEADROOM_PAGE_H
#define HEADROOM_PAGE_H

#include <stddef.h>
#include <stdint.h>

#define HR_MAGIC 0x4547415052444148ull /* "HADRPAGE", little endian */
#define HR_VERSION 1u

#define HR_MAX_REPLICAS 16
#define HR_MAX_PROCESSES 64
#define HR_MAX_GPUS 16

/* Of `cap`: nothing was said yet (`initial_cap` counts), and no cap. */
#define HR_CAP_UNSET 0ull
#define HR_CAP_NONE UINT64_MAX

enum hr_kind { HR_PLAIN, HR_PITCH, HR_MANAGED, HR_POOL, HR_VMM, HR_ARRAY, HR_GRAPH, HR_KINDS = 8 };

/* What one process holds on one GPU, by the driver calls that it made. Entry i is of the GPU whose key is replica.gpus[i].key. */
struct hr_book {
    uint64_t used;               /* bytes held: the sum of `kinds` */
    uint64_t asking;             /* bytes that calls going on now ask for; counts against the cap. Read before `used`: bytes move from here to there */
    uint64_t kinds[HR_KINDS];    /* bytes by enum hr_kind */
    uint64_t segments;           /* allocations that the driver gave and has not got back */
    uint64_t high_water;         /* most `used` ever */
    uint64_t allocations;        /* given, ever */
    uint64_t frees;              /* got back, ever */
    uint64_t refused;            /* by the cap, ever */
    uint64_t refused_by_driver;  /* the driver said out of memory below the cap, ever */
    uint64_t refused_while_free; /* of those, where card and cap had the bytes free: fragmentation (or a limit of somebody else's) */
    uint64_t last_refused;       /* bytes of the last one refused by either */
    uint64_t last_refused_ns;    /* CLOCK_BOOTTIME of it */
    uint64_t gate_in_flight;     /* launches given to the driver and not known to be done, as of the last look; HR_GATE_UNKNOWN: no events could be made */
    uint64_t gate_drain_ns;      /* of the last closure that found launches of this process in flight; 0: none of them on this GPU. See below */
    uint64_t gate_drain_max_ns;  /* longest ever */
};

/* One process. Counts only while `ready` equals its entry of replica.owners and is not 0: between claiming and zeroing it does not.
 * The slot ends with the process, so books outlive an exec into a program that never calls CUDA: nothing of ours runs there to empty them. */
struct hr_process {
    uint64_t ready;
    uint64_t since_ns;   /* CLOCK_BOOTTIME of its claim */
    uint64_t library;    /* HR_LIBRARY_VERSION of who writes; from HR_LIBRARY_GATES on it obeys the launch gate */
    uint64_t framework[6]; /* written by the framework's own hook, if any: see enum hr_framework */
    /* The launch gate, see below. All of it stays as it is while the gate is off. */
    uint64_t gate_now;       /* threads that may give the driver a launch now | threads held back << 32 */
    uint64_t gate_seen;      /* hr_replica.gate as obeyed last: while it is in force, so written before any launch that it lets pass; 0: never yet */
    uint64_t gate_looked_ns; /* CLOCK_BOOTTIME of that */
    uint64_t gate_passed;    /* launches that passed while the gate was open or closed, ever */
    uint64_t gate_held;      /* of those, that a closed gate held back first */
    uint64_t gate_held_ns;   /* for so long, all threads together */
    uint64_t gate_drained;   /* low half of the closure's number whose drain was measured last << 32 | how many were, ever (low half) */
    struct hr_book books[HR_MAX_GPUS];
};

/* The optional words that a framework may fill by itself (docs/caps.md has the Python for PyTorch), for all its GPUs together, bytes and counts. */
enum hr_framework { HR_FW_ALLOCATED, HR_FW_RESERVED, HR_FW_INACTIVE_SPLIT, HR_FW_RETRIES, HR_FW_OOMS, HR_FW_STAMP_NS /* CLOCK_BOOTTIME of the writing; 0: never */ };

/* One GPU as a container sees it. Claimed by whoever comes first, the agent or a process. */
struct hr_gpu {
    uint64_t key;      /* hr_gpu_key of its UUID; 0: free (compare and swap) */
    uint64_t cap;      /* bytes; HR_CAP_UNSET, HR_CAP_NONE */
    uint64_t not_cap;  /* ~cap: a reader that finds another value looks again, and keeps the last good one */
    uint64_t overhead; /* bytes that the driver counts for this container and no book does: contexts, modules. Counts against the cap */
    uint64_t spare[4];
};

/* One life of a container of the service, from a start to its end: all processes of one pid namespace. The inode alone does not tell a life from the next one,
 * since the kernel gives it to another namespace at once. Where a container shares the host's or another's pid namespace (pid: host), the agent knows no entry as
 * its own: it is watched only. */
struct hr_replica {
    uint64_t life;     /* inode of /proc/self/ns/pid (low 32 bits) | start time of its first process (field 22 of /proc/1/stat, clock ticks since boot) << 32; never 0.
                        * 0: free (compare and swap). Cleared by the agent only, when no container has it */
    uint64_t gate;          /* hr_gate_word; 0: off. See below */
    uint64_t gate_until_ns; /* CLOCK_BOOTTIME: from then on the gate is off, whatever it says */
    uint64_t gate_since_ns; /* CLOCK_BOOTTIME: when this closure began; drains are counted from there */
    uint64_t gate_check;    /* hr_gate_check of these and `life` */
    uint64_t spare[3];
    struct hr_gpu gpus[HR_MAX_GPUS];
    /* Who has processes[i]: pid in its own namespace << 42 | start time (field 22 of /proc/pid/stat, clock ticks since boot) & (2^42 - 1); 0: free (compare and swap). */
    uint64_t owners[HR_MAX_PROCESSES];
    struct hr_process processes[HR_MAX_PROCESSES];
};

/* ---- The launch gate: holds back the launches (kernels, graphs, copies, sets) of one life of a container.
 *
 * The agent writes `gate` .. `gate_check` at once (one pwrite of 32 bytes); what is torn, garbage, meant for another life, past its end, or ends later than
 * HR_GATE_LONGEST_NS from now is off: launches pass, no cap on what is in flight, nothing counted. `life` is in the check, so that an agent which writes late
 * never closes the gate of a container that came to this entry since.
 *
 * Modes: HR_GATE_OPEN lets pass, with at most K launches of a CUDA context in flight (0: no cap); HR_GATE_CLOSED lets nothing pass. Freeing, allocating,
 * synchronising and asking are never held back, nor is anything on a stream that is being captured: the launch of its graph will be.
 * Launches of one thread keep their order, since the thread itself waits. A thread that waits looks again after at most 0.3 ms, so nobody has to wake it.
 * What was launched before the gate was on stays queued (a driver takes about 1024): the cap bounds the drain only once that is done.
 * The cap yields where for HR_GATE_STALL_NS nothing came to its end: what is in flight may be waiting for what is held back.
 *
 * How the agent knows that a closed gate holds. A thread first raises `passing` (low half of gate_now), then looks at `gate`, and only if that lets it pass
 * calls the driver; it lowers `passing` when the driver has returned. So once `closed` is written, a process whose `passing` was read as 0 after that gives the
 * driver nothing more until the gate opens: whoever comes later sees it closed, or sees it lost (off, past its end). This holds for processes that never
 * launch and so never look: there is nothing to wait for. Closed is proven when every slot that counts (`ready` equals its owner) has `library` >=
 * HR_LIBRARY_GATES and `passing` 0, each read once after the write. While `gate` is 0 a launch does no more than look at it, so a thread that had looked when the
 * agent turned the gate on may give the driver one launch unseen: turn it on as open first, and close it later. A killed process's `passing` stays until its slot
 * is cleared. A process without a slot (statically linked, no preload) is not in the page and not held:
 * that is for the agent to judge, as with caps. `gate_seen` is no part of the proof: it tells which processes came to the gate since.
 *
 * Drain: how long the GPU goes on after a closure with what it had been given. From `gate_since_ns` to the end of the last launch in flight, by events that are
 * asked for by threads held at the gate, and by those that a closure found in a call that waits for the GPU, when that ends. So it is known to about 0.3 ms. Not
 * counted: a closure that finds all done, or that no thread comes to in time. One that ended before the drain did counts with its length: it was at least that.
 */
enum hr_gate_mode { HR_GATE_OFF, HR_GATE_OPEN, HR_GATE_CLOSED };

#define HR_LIBRARY_GATES 2u                    /* hr_process.library from here on obeys the gate */
#define HR_GATE_MIN_FLIGHT 2u
#define HR_GATE_MAX_FLIGHT 16u
#define HR_GATE_LONGEST_NS UINT64_C(60000000000) /* nothing holds for longer without being written again */
#define HR_GATE_STALL_NS UINT64_C(1000000000)
#define HR_GATE_UNKNOWN UINT64_MAX

/* Mode in bits 0..7, K in 8..15 (0: no cap), number of the closure in 16..63: it grows with each closing, and stays when a closure is only prolonged. */
static inline uint64_t hr_gate_word(enum hr_gate_mode mode, unsigned k, uint64_t sequence)
{
    return (uint64_t)mode | (uint64_t)k << 8 | sequence << 16;
}

static inline uint64_t hr_gate_check(uint64_t life, uint64_t gate, uint64_t until_ns, uint64_t since_ns)
{
    return ~(life ^ gate ^ (until_ns << 21 | until_ns >> 43) ^ (since_ns << 42 | since_ns >> 22));
}

struct hr_page {
    uint64_t magic;
    uint32_t version;
    uint32_t size;
    uint64_t agent_version; /* spare for the agent */
    uint64_t agent_beat_ns; /* CLOCK_BOOTTIME of the agent's last look; 0: never */
    /* Cap of a container that the agent has not seen yet, by GPU: it starts before the agent's next tick. */
    struct { uint64_t key, cap, not_cap, spare; } initial[HR_MAX_GPUS];
    uint64_t spare[28];
    struct hr_replica replicas[HR_MAX_REPLICAS];
};

/* A GPU's UUID, 16 bytes as cuDeviceGetUuid gives them, folded to a word that is never 0. */
static inline uint64_t hr_gpu_key(const unsigned char uuid[16])
{
    uint64_t a = 0, b = 0;
    for (int i = 7; i >= 0; i--) {
        a = a << 8 | uuid[i];
        b = b << 8 | uuid[8 + i];
    }
    uint64_t key = a ^ (b << 32 | b >> 32);
    return key ? key : 1;
}

_Static_assert(sizeof(struct hr_book) == 176, "hr_book");
_Static_assert(offsetof(struct hr_process, gate_now) == 72, "hr_process.gate_now");
_Static_assert(offsetof(struct hr_book, gate_in_flight) == 152, "hr_book.gate_in_flight");
_Static_assert(offsetof(struct hr_replica, gpus) == 64, "hr_replica.gpus");
_Static_assert(sizeof(struct hr_process) == 128 + 16 * 176, "hr_process");
_Static_assert(sizeof(struct hr_gpu) == 64, "hr_gpu");
_Static_assert(sizeof(struct hr_replica) == 64 + 16 * 64 + 64 * 8 + 64 * 2944, "hr_replica");
_Static_assert(offsetof(struct hr_page, replicas) == 768, "hr_page.replicas");
_Static_assert(sizeof(struct hr_page) == 768 + 16 * 190016, "hr_page");

#endif
