/* What the parts of libheadroom share. Which part does what: page.c the mapped file, seat.c this process's place in it, charge.c the cap, table.c what was
 * allocated, card.c the GPUs, alloc_*.c, graph.c and context.c the driver's calls, gate.h the launch gate, report.c what programs are told, resolve.c how they find all this. */
#ifndef HEADROOM_INTERNAL_H
#define HEADROOM_INTERNAL_H

#include "driver.h"
#include "lock.h"
#include "page.h"

#include <stdbool.h>

#define HR_LIBRARY_VERSION HR_LIBRARY_GATES
#define HR_EXPORT __attribute__((visibility("default")))

/* Not 0 while this thread is in one of our stand-ins: what the driver calls by itself from there is not counted twice. */
extern __thread int hr_inside __attribute__((tls_model("initial-exec")));

static inline void hr_leave(int *unused)
{
    (void)unused;
    hr_inside--;
}

/* Opens a stand-in: the real function at once where there is nothing to count, else on with the body, inside. */
#define HR_BEGIN(name, ...) \
    const struct hr_driver *real = hr_driver(); \
    if (!real->name) \
        return CUDA_ERROR_NOT_FOUND; \
    if (hr_inside || !hr_counting()) \
        return real->name(__VA_ARGS__); \
    __attribute__((cleanup(hr_leave), unused)) int inside_until_return = hr_inside++

/* ---- page.c */
enum hr_managed { HR_MANAGED_COUNT, HR_MANAGED_REFUSE, HR_MANAGED_IGNORE };

/* The page, or NULL: none given, none there, one of another layout, or switched off. Decided once. */
struct hr_page *hr_page(void);
enum hr_managed hr_managed_policy(void);
static inline bool hr_counting(void)
{
    return hr_page() != NULL;
}

static inline uint64_t hr_read(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline void hr_write(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static inline bool hr_swap(uint64_t *word, uint64_t from, uint64_t to)
{
    return __atomic_compare_exchange_n(word, &from, to, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* Sums that do not come round: what others wrote is not trusted. */
static inline uint64_t hr_add(uint64_t a, uint64_t b)
{
    return a + b < a ? UINT64_MAX : a + b;
}

uint64_t hr_now_ns(void); /* CLOCK_BOOTTIME */

/* ---- card.c: a GPU that this process uses, and its own books about it. The page shows a copy: it may be lost or written over. */
struct hr_card {
    struct hr_lock lock; /* of `book` */
    CUdevice device;
    uint64_t key;        /* 0: its UUID is not known */
    struct hr_book book;
    uint64_t last_cap;   /* the last one read whole; HR_CAP_UNSET: none yet */
    uint32_t gpu;        /* 1 + index in replica.gpus and process.books, where it was last; 0: nowhere */
    CUcontext primary;   /* its primary context, once retained */
};

struct hr_card *hr_card(CUdevice device);
struct hr_card *hr_card_by_index(unsigned index); /* NULL: not used, or past the end */
static inline unsigned hr_card_index(const struct hr_card *card)
{
    return (unsigned)card->device;
}
/* The card of the calling thread's context, and the context; NULL without one. */
struct hr_card *hr_current_card(CUcontext *context);
/* Its books again from nothing (a forked child). */
void hr_cards_forget(void);

/* ---- seat.c: where in the page this process and a card are. */
struct hr_place {
    struct hr_replica *replica;
    unsigned slot;           /* of replica.owners and .processes */
    unsigned gpu;            /* of replica.gpus and process.books */
    struct hr_gpu *entry;
    struct hr_book *book;
};

/* Finds or claims it; false where the page has no room: then this process runs uncapped. */
bool hr_place(struct hr_card *card, struct hr_place *place);
/* The same for looking on only: claims nothing. `slot` is HR_MAX_PROCESSES where this process has none; entry NULL where the GPU has none. */
bool hr_look(uint64_t key, struct hr_place *place);
/* Clears the owners that are dead. True if there was one. */
bool hr_reap(struct hr_replica *replica, unsigned own_slot);
void hr_seat_forget(void);
/* Whether the place is still this process's. */
bool hr_still_there(const struct hr_place *place);

/* ---- charge.c */
/* Raises `asking` by n if that fits the cap. `thorough`: tries to make room first (dead siblings, the pool's cache). */
bool hr_ask(struct hr_card *card, uint64_t n, bool thorough);
/* Takes the slots of the dead away, and what pools keep unused. */
void hr_make_room(struct hr_card *card);
/* Ends an asking: of `asked` bytes `got` are held from now on. */
void hr_got(struct hr_card *card, uint64_t asked, uint64_t got, enum hr_kind kind);
/* Bytes held no longer. */
void hr_lost(struct hr_card *card, uint64_t n, enum hr_kind kind);
/* Counts allocations given and got back. */
void hr_count_given(struct hr_card *card);
void hr_count_freed(struct hr_card *card);
/* Counts a refusal by the cap; returns CUDA_ERROR_OUT_OF_MEMORY. */
CUresult hr_refuse(struct hr_card *card, uint64_t n);
/* Whether more is held than the cap allows. */
bool hr_over(struct hr_card *card);
/* Notes the driver's own answer to an allocation of n bytes. */
CUresult hr_driver_said(struct hr_card *card, uint64_t n, CUresult answer);
/* Ask, and hold at once; hr_charge_undo for when the driver then gives nothing. */
CUresult hr_charge(struct hr_card *card, uint64_t n, enum hr_kind kind);
void hr_charge_undo(struct hr_card *card, uint64_t n, enum hr_kind kind);
/* Cap and what counts against it on a GPU, HR_CAP_NONE where there is none in force. */
uint64_t hr_cap(struct hr_card *card, const struct hr_place *place, uint64_t key);
uint64_t hr_total(const struct hr_card *card, const struct hr_place *place, uint64_t *asking);
/* Writes this process's own books about the card to the page; the caller holds its lock. */
void hr_publish(struct hr_card *card, const struct hr_place *place);

/* ---- table.c: what this process holds, by what the driver called it. */
enum hr_space { HR_POINTER = 1, HR_HANDLE, HR_MAPPING, HR_ARRAYS, HR_MIPMAPS, HR_EXEC, HR_EXEC_BYTES /* + device */ };

struct hr_entry {
    uint64_t key;
    uint64_t bytes;
    uint64_t owner; /* context; of a pool's address the pool, of a mapping its handle */
    uint32_t references;
    uint32_t mappings;
    uint8_t space; /* enum hr_space; 0: no entry */
    uint8_t kind;
    uint8_t card;
};

/* False: no memory for it. *old is what had that key before (space 0: nothing). */
bool hr_table_put(const struct hr_entry *entry, struct hr_entry *old);
bool hr_table_take(unsigned space, uint64_t key, struct hr_entry *taken);
bool hr_table_get(unsigned space, uint64_t key, struct hr_entry *copy);
/* Changes the counts of an entry; takes it out, and says so, when both come to 0. 0: not there, 1: changed, 2: taken out. */
int hr_table_count(unsigned space, uint64_t key, int references, int mappings, struct hr_entry *copy);
/* Gives all entries with that owner (mappings and handles have none) another one. */
void hr_table_rename(uint64_t owner, uint64_t to);
/* Takes all of that owner out. `dropped` is called with a lock of the table held: it must not come back here. */
void hr_table_drop(uint64_t owner, void (*dropped)(const struct hr_entry *entry));
/* Number of entries in HR_EXEC, to pass by quickly. */
uint32_t hr_table_execs(void);
void hr_table_forget(void);

/* ---- alloc_plain.c: what the other paths use too. */
void hr_track(struct hr_card *card, enum hr_space space, uint64_t key, uint64_t bytes, enum hr_kind kind, void *owner);
void hr_untrack_freed(const struct hr_entry *entry);

/* ---- pool.c */
/* Brings the books up to what the pools and the graph memory of a card hold now. */
void hr_pools_refresh(struct hr_card *card);
/* The same after the default pool and the graph memory gave back what they keep unused. */
void hr_pools_trim(struct hr_card *card);
/* Before a reset of the device: its pools give back what they keep unused, and are booked, while their handles are good for certain. */
void hr_pools_before_reset(struct hr_card *card);
/* The device's primary context is gone, and with it its default pool and the graphs' memory. NVIDIA does not say what becomes of the pools that the program made;
 * they are taken to live on (so does the double's driver): their bytes stay on the books, but the driver is not asked about one before the program uses it again. */
void hr_pools_drop(struct hr_card *card, CUmemoryPool standard);
/* The driver freed an address of a pool. */
void hr_pool_freed(void *pool);
/* An address of a pool is gone. */
void hr_pool_took_back(void *pool);
void hr_pools_forget(void);

/* ---- driver.c, resolve.c */
void hr_driver_seen(const char *file);
const char *hr_symbol_at(const void *address);

#endif
