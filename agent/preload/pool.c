/* What pools and graph memory have reserved, brought to the books; and how much a call may make them grow by, asked for before it. */
#include "pool.h"

#include <string.h>

#define POOLS 64
#define SMALLEST_PIECE (UINT64_C(2) << 20)
/* What drivers give a pool at first, and so what is expected of a new one. */
#define USUAL_PIECE (UINT64_C(32) << 20)
#define LARGEST_PIECE (UINT64_C(64) << 20)

enum { FREE, LIVE, DESTROYED /* by the program; its memory stays until its last address is freed */ };

struct hr_pool {
    struct hr_lock calls; /* held over an allocation from a pool: two that both count on its last free bytes would make it grow unasked */
    struct hr_lock lock;  /* of all below and leaving LIVE */
    uint32_t state;
    CUmemoryPool handle; /* NULL: graph memory */
    int device;          /* < 0: its memory is not a GPU's */
    uint32_t asleep;     /* its device was reset since the program last used it: the handle may be dead, and is not given to the driver */
    uint64_t charged;    /* bytes on the books */
    uint64_t piece;      /* what it grows by, as far as seen */
    uint64_t given;      /* addresses not freed yet */
    uint32_t counting;   /* calls going on that count on its figures */
    uint64_t launching;  /* graph memory: bytes of the launches going on, which are not made to wait for each other (one may wait for the other's work) */
};

static struct hr_lock pools_lock; /* of FREE to LIVE */
static struct hr_pool pools[POOLS];
static struct hr_pool graph_memory[HR_MAX_GPUS];

static bool read_figures(const struct hr_pool *pool, uint64_t *reserved, uint64_t *used)
{
    const struct hr_driver *real = hr_driver();
    if (pool->state != LIVE || pool->asleep)
        return false;
    if (!pool->handle)
        return real->cuDeviceGetGraphMemAttribute && !real->cuDeviceGetGraphMemAttribute(pool->device, CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT, reserved) &&
               (!used || !real->cuDeviceGetGraphMemAttribute(pool->device, CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT, used));
    return real->cuMemPoolGetAttribute && !real->cuMemPoolGetAttribute(pool->handle, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT, reserved) &&
           (!used || !real->cuMemPoolGetAttribute(pool->handle, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, used));
}

static enum hr_kind kind_of(const struct hr_pool *pool)
{
    return pool->handle ? HR_POOL : HR_GRAPH;
}

static uint64_t round_up(uint64_t n, uint64_t to)
{
    return n > UINT64_MAX - to ? UINT64_MAX : (n + to - 1) / to * to;
}

/* Learns the size of its pieces: smaller where it grew by less than one, bigger where it grew by more than was needed. */
static void learn_piece(struct hr_pool *pool, uint64_t grown, uint64_t needed)
{
    uint64_t piece = grown & -grown;
    if (!needed || !grown)
        return;
    piece = piece < SMALLEST_PIECE ? SMALLEST_PIECE : piece > LARGEST_PIECE ? LARGEST_PIECE : piece;
    if (piece < pool->piece || grown > round_up(needed, SMALLEST_PIECE))
        pool->piece = piece;
}

/* Brings the books to what is reserved; the caller holds the lock. `asked` of a call that ends here goes back in the same step. While another call counts on
 * figures that it has read, nothing is let go: it may take what those said was free, and that would be given to somebody else meanwhile. */
static uint64_t settle(struct hr_pool *pool, struct hr_card *card, uint64_t asked, uint64_t needed)
{
    uint64_t reserved = pool->charged, grown = 0;
    if (!read_figures(pool, &reserved, NULL))
        reserved = pool->charged;
    uint64_t least = pool->counting ? hr_add(pool->charged, asked) : 0;
    uint64_t target = reserved > least ? reserved : least;
    if (reserved > pool->charged)
        grown = reserved - pool->charged;
    if (asked || target > pool->charged)
        hr_got(card, asked, target > pool->charged ? target - pool->charged : 0, kind_of(pool));
    if (target < pool->charged)
        hr_lost(card, pool->charged - target, kind_of(pool));
    pool->charged = target;
    learn_piece(pool, grown, needed);
    return grown;
}

void hr_pool_settle(struct hr_pool *pool, struct hr_card *card)
{
    hr_take(&pool->lock);
    settle(pool, card, 0, 0);
    hr_give(&pool->lock);
}

/* Asks for what is missing by the pool's own figures, which count from then on until the call is over. */
static bool ask_by_figures(struct hr_pool *pool, struct hr_card *card, struct hr_taking *taking, uint64_t others)
{
    uint64_t reserved, used;
    hr_take(&pool->lock);
    bool known = read_figures(pool, &reserved, &used);
    if (known) {
        uint64_t need = taking->again ? taking->bytes : hr_add(used, taking->bytes);
        uint64_t after = hr_add(need > used ? need : used, others);
        taking->asked = after > reserved ? round_up(after - reserved, pool->piece) : 0;
        taking->counted = true;
        pool->counting++;
    }
    hr_give(&pool->lock);
    if (known && (!taking->asked || hr_ask(card, taking->asked, false)))
        return true;
    hr_take(&pool->lock);
    pool->counting -= known;
    taking->counted = false;
    hr_give(&pool->lock);
    return false;
}

static void leave(struct hr_pool *pool, const struct hr_taking *taking)
{
    if (pool->handle) {
        hr_give(&pool->calls);
        return;
    }
    hr_take(&pool->lock);
    pool->launching -= pool->launching < taking->bytes ? pool->launching : taking->bytes;
    hr_give(&pool->lock);
}

bool hr_pool_begin(struct hr_pool *pool, struct hr_card *card, struct hr_taking *taking)
{
    if (pool->handle)
        hr_take(&pool->calls);
    hr_take(&pool->lock);
    uint64_t others = pool->launching;
    pool->launching += pool->handle ? 0 : taking->bytes;
    taking->asked = round_up(taking->bytes, pool->piece);
    hr_give(&pool->lock);
    taking->counted = false;
    /* First as if nothing in it were free: where there is room for that, its figures need not be read. */
    if (hr_ask(card, taking->asked, false) || ask_by_figures(pool, card, taking, others))
        return true;
    hr_make_room(card);
    if (ask_by_figures(pool, card, taking, others))
        return true;
    leave(pool, taking);
    return false;
}

uint64_t hr_pool_end(struct hr_pool *pool, struct hr_card *card, const struct hr_taking *taking, bool given)
{
    hr_take(&pool->lock);
    pool->counting -= taking->counted;
    uint64_t grown = settle(pool, card, taking->asked, given && pool->handle ? taking->bytes : 0);
    hr_give(&pool->lock);
    leave(pool, taking);
    return grown;
}

struct hr_pool *hr_pool_known(CUmemoryPool handle)
{
    for (int i = 0; handle && i < POOLS; i++)
        if (__atomic_load_n(&pools[i].state, __ATOMIC_ACQUIRE) == LIVE && __atomic_load_n(&pools[i].handle, __ATOMIC_RELAXED) == handle)
            return &pools[i];
    return NULL;
}

static struct hr_pool *remember(CUmemoryPool handle, int device)
{
    hr_take(&pools_lock);
    struct hr_pool *pool = hr_pool_known(handle);
    for (int i = 0; !pool && i < POOLS; i++) {
        if (__atomic_load_n(&pools[i].state, __ATOMIC_ACQUIRE) != FREE)
            continue;
        pool = &pools[i];
        hr_take(&pool->lock); /* one that refreshes all may have come for the pool that was here before */
        __atomic_store_n(&pool->handle, handle, __ATOMIC_RELAXED);
        pool->device = device;
        pool->asleep = 0;
        pool->charged = 0;
        pool->given = 0;
        pool->piece = USUAL_PIECE;
        __atomic_store_n(&pool->state, LIVE, __ATOMIC_RELEASE);
        hr_give(&pool->lock);
    }
    hr_give(&pools_lock);
    return pool;
}

void hr_pool_wake(struct hr_pool *pool)
{
    if (!pool || !__atomic_load_n(&pool->asleep, __ATOMIC_RELAXED))
        return;
    hr_take(&pool->lock);
    __atomic_store_n(&pool->asleep, 0, __ATOMIC_RELAXED);
    hr_give(&pool->lock);
}

/* One that we did not see made is a device's default one, most likely of the current device. */
struct hr_pool *hr_pool_of(CUmemoryPool handle, CUdevice current)
{
    const struct hr_driver *real = hr_driver();
    struct hr_pool *pool = hr_pool_known(handle);
    CUmemoryPool other;
    hr_pool_wake(pool);
    if (pool || !handle)
        return pool;
    for (CUdevice device = 0; real->cuDeviceGetDefaultMemPool && device < HR_MAX_GPUS && !real->cuDeviceGetDefaultMemPool(&other, device); device++)
        if (other == handle)
            return remember(handle, device);
    return remember(handle, current);
}

struct hr_card *hr_pool_card(const struct hr_pool *pool)
{
    return pool && pool->device >= 0 ? hr_card(pool->device) : NULL;
}

struct hr_pool *hr_graph_memory(struct hr_card *card)
{
    struct hr_pool *pool = &graph_memory[hr_card_index(card)];
    if (__atomic_load_n(&pool->state, __ATOMIC_ACQUIRE) == LIVE)
        return pool;
    hr_take(&pools_lock);
    if (pool->state != LIVE) {
        pool->device = card->device;
        pool->piece = SMALLEST_PIECE;
        __atomic_store_n(&pool->state, LIVE, __ATOMIC_RELEASE);
    }
    hr_give(&pools_lock);
    return pool;
}

/* Takes its bytes off the books; the caller holds its lock. */
static void empty(struct hr_pool *pool)
{
    struct hr_card *card = hr_pool_card(pool);
    if (card && pool->charged)
        hr_lost(card, pool->charged, kind_of(pool));
    pool->charged = 0;
}

static void leave_if_unused(struct hr_pool *pool)
{
    hr_take(&pool->lock);
    if (pool->state == DESTROYED && !__atomic_load_n(&pool->given, __ATOMIC_ACQUIRE)) {
        empty(pool);
        __atomic_store_n(&pool->state, FREE, __ATOMIC_RELEASE);
    }
    hr_give(&pool->lock);
}

void hr_pool_gave(struct hr_pool *pool, struct hr_card *card, CUdeviceptr address)
{
    __atomic_add_fetch(&pool->given, 1, __ATOMIC_ACQ_REL);
    hr_track(card, HR_POINTER, address, 0, HR_POOL, pool);
}

void hr_pool_freed(void *owner)
{
    hr_pool_wake(owner);
}

void hr_pool_took_back(void *owner)
{
    struct hr_pool *pool = owner;
    if (__atomic_sub_fetch(&pool->given, 1, __ATOMIC_ACQ_REL) == 0)
        leave_if_unused(pool);
}

CUresult hr_pool_destroy(struct hr_pool *pool, CUmemoryPool handle)
{
    const struct hr_driver *real = hr_driver();
    struct hr_card *card = hr_pool_card(pool);
    /* Held over the call: the handle may be another pool's right after it. And trimmed before: it cannot be asked afterwards what it still holds. */
    hr_take(&pool->lock);
    __atomic_store_n(&pool->asleep, 0, __ATOMIC_RELAXED);
    if (real->cuMemPoolTrimTo)
        real->cuMemPoolTrimTo(handle, 0);
    if (card)
        settle(pool, card, 0, 0);
    CUresult result = real->cuMemPoolDestroy(handle);
    if (!result)
        __atomic_store_n(&pool->state, DESTROYED, __ATOMIC_RELEASE);
    hr_give(&pool->lock);
    leave_if_unused(pool);
    return result;
}

static void refresh(struct hr_pool *pool, struct hr_card *card)
{
    if (__atomic_load_n(&pool->state, __ATOMIC_ACQUIRE) != LIVE)
        return;
    hr_take(&pool->lock);
    if (pool->device == card->device)
        settle(pool, card, 0, 0);
    hr_give(&pool->lock);
}

void hr_pools_refresh(struct hr_card *card)
{
    for (int i = 0; i < POOLS; i++)
        refresh(&pools[i], card);
    refresh(&graph_memory[hr_card_index(card)], card);
}

void hr_pools_trim(struct hr_card *card)
{
    const struct hr_driver *real = hr_driver();
    CUmemoryPool standard;
    if (real->cuDeviceGetDefaultMemPool && real->cuMemPoolTrimTo && !real->cuDeviceGetDefaultMemPool(&standard, card->device) && hr_pool_known(standard))
        real->cuMemPoolTrimTo(standard, 0);
    if (real->cuDeviceGraphMemTrim && __atomic_load_n(&graph_memory[hr_card_index(card)].state, __ATOMIC_ACQUIRE) == LIVE)
        real->cuDeviceGraphMemTrim(card->device);
    hr_pools_refresh(card);
}

/* The pool of that handle is gone with all its addresses. */
static void drop(CUmemoryPool handle)
{
    struct hr_pool *pool = hr_pool_known(handle);
    if (!pool)
        return;
    hr_take(&pool->lock);
    bool same = pool->state == LIVE && pool->handle == handle;
    if (same) {
        empty(pool);
        __atomic_store_n(&pool->state, DESTROYED, __ATOMIC_RELEASE);
        __atomic_add_fetch(&pool->given, 1, __ATOMIC_ACQ_REL); /* stays until its addresses are forgotten */
    }
    hr_give(&pool->lock);
    if (!same)
        return;
    hr_table_drop((uintptr_t)pool, hr_untrack_freed);
    hr_pool_took_back(pool);
}

void hr_pool_made(CUmemoryPool handle, int device)
{
    if (!handle)
        return;
    drop(handle); /* one of that handle ended unseen */
    remember(handle, device);
}

void hr_pools_before_reset(struct hr_card *card)
{
    const struct hr_driver *real = hr_driver();
    for (struct hr_pool *pool = pools; pool < pools + POOLS; pool++) {
        if (__atomic_load_n(&pool->state, __ATOMIC_ACQUIRE) != LIVE)
            continue;
        hr_take(&pool->lock);
        if (pool->state == LIVE && pool->device == card->device && !pool->asleep) {
            if (real->cuMemPoolTrimTo)
                real->cuMemPoolTrimTo(pool->handle, 0);
            settle(pool, card, 0, 0);
        }
        hr_give(&pool->lock);
    }
}

void hr_pools_drop(struct hr_card *card, CUmemoryPool standard)
{
    struct hr_pool *graphs = &graph_memory[hr_card_index(card)];
    drop(standard);
    for (struct hr_pool *pool = pools; pool < pools + POOLS; pool++) {
        if (__atomic_load_n(&pool->state, __ATOMIC_ACQUIRE) != LIVE)
            continue;
        hr_take(&pool->lock);
        if (pool->device == card->device)
            __atomic_store_n(&pool->asleep, 1, __ATOMIC_RELAXED);
        hr_give(&pool->lock);
    }
    hr_take(&graphs->lock);
    empty(graphs);
    hr_give(&graphs->lock);
}

void hr_pools_forget(void)
{
    memset(pools, 0, sizeof pools);
    memset(graph_memory, 0, sizeof graph_memory);
    memset(&pools_lock, 0, sizeof pools_lock);
}
