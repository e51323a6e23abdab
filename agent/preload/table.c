/* What this process holds: open addressing, divided into shards with a lock each. Memory comes from mmap, so that no allocator is called from inside one. */
#include "internal.h"

#include <string.h>
#include <sys/mman.h>

#define SHARD_BITS 5
#define SHARDS (1u << SHARD_BITS)
#define FIRST_ENTRIES 64u

static struct shard {
    struct hr_lock lock;
    uint32_t room, held; /* room: a power of two */
    struct hr_entry *entries;
} __attribute__((aligned(64))) shards[SHARDS];
static uint32_t execs;

static uint64_t hash(unsigned space, uint64_t key)
{
    uint64_t mixed = (key ^ (uint64_t)space << 56) * UINT64_C(0x9e3779b97f4a7c15);
    return mixed ^ mixed >> 32;
}

static struct shard *shard_of(uint64_t hashed)
{
    return &shards[hashed >> (64 - SHARD_BITS)];
}

/* The entry's place, or the free one where it would go. */
static struct hr_entry *find(const struct shard *shard, unsigned space, uint64_t key, uint64_t hashed)
{
    for (uint32_t i = (uint32_t)hashed;; i++) {
        struct hr_entry *entry = &shard->entries[i & (shard->room - 1)];
        if (!entry->space || (entry->key == key && entry->space == space))
            return entry;
    }
}

static bool make_room(struct shard *shard)
{
    if (shard->room && shard->held < shard->room / 4 * 3)
        return true;
    struct shard old = *shard;
    uint32_t room = old.room ? old.room * 2 : FIRST_ENTRIES;
    void *memory = mmap(NULL, room * sizeof(struct hr_entry), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return shard->room && shard->held < shard->room - 1;
    shard->room = room;
    shard->entries = memory;
    for (uint32_t i = 0; i < old.room; i++)
        if (old.entries[i].space)
            *find(shard, old.entries[i].space, old.entries[i].key, hash(old.entries[i].space, old.entries[i].key)) = old.entries[i];
    if (old.entries)
        munmap(old.entries, old.room * sizeof *old.entries);
    return true;
}

/* Takes an entry out and moves up those after it that would not be found past the hole. */
static void take_out(struct shard *shard, struct hr_entry *entry)
{
    if (entry->space == HR_EXEC)
        __atomic_fetch_sub(&execs, 1, __ATOMIC_RELAXED);
    uint32_t mask = shard->room - 1, hole = (uint32_t)(entry - shard->entries);
    for (uint32_t i = (hole + 1) & mask; shard->entries[i].space; i = (i + 1) & mask) {
        uint32_t home = (uint32_t)hash(shard->entries[i].space, shard->entries[i].key) & mask;
        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        shard->entries[hole] = shard->entries[i];
        hole = i;
    }
    shard->entries[hole].space = 0;
    shard->held--;
}

bool hr_table_put(const struct hr_entry *entry, struct hr_entry *old)
{
    uint64_t hashed = hash(entry->space, entry->key);
    struct shard *shard = shard_of(hashed);
    old->space = 0;
    hr_take(&shard->lock);
    bool room = make_room(shard);
    if (room) {
        struct hr_entry *at = find(shard, entry->space, entry->key, hashed);
        *old = *at;
        shard->held += !at->space;
        if (entry->space == HR_EXEC && !at->space)
            __atomic_fetch_add(&execs, 1, __ATOMIC_RELAXED);
        *at = *entry;
    }
    hr_give(&shard->lock);
    return room;
}

static bool read_entry(unsigned space, uint64_t key, struct hr_entry *copy, bool take)
{
    uint64_t hashed = hash(space, key);
    struct shard *shard = shard_of(hashed);
    hr_take(&shard->lock);
    struct hr_entry *at = shard->room ? find(shard, space, key, hashed) : NULL;
    bool found = at && at->space;
    if (found) {
        *copy = *at;
        if (take)
            take_out(shard, at);
    }
    hr_give(&shard->lock);
    return found;
}

bool hr_table_take(unsigned space, uint64_t key, struct hr_entry *taken)
{
    return read_entry(space, key, taken, true);
}

bool hr_table_get(unsigned space, uint64_t key, struct hr_entry *copy)
{
    return read_entry(space, key, copy, false);
}

int hr_table_count(unsigned space, uint64_t key, int references, int mappings, struct hr_entry *copy)
{
    uint64_t hashed = hash(space, key);
    struct shard *shard = shard_of(hashed);
    int result = 0;
    hr_take(&shard->lock);
    struct hr_entry *at = shard->room ? find(shard, space, key, hashed) : NULL;
    if (at && at->space) {
        at->references = references < 0 && !at->references ? 0 : at->references + (uint32_t)references;
        at->mappings = mappings < 0 && !at->mappings ? 0 : at->mappings + (uint32_t)mappings;
        *copy = *at;
        result = at->references || at->mappings ? 1 : 2;
        if (result == 2)
            take_out(shard, at);
    }
    hr_give(&shard->lock);
    return result;
}

void hr_table_rename(uint64_t owner, uint64_t to)
{
    for (struct shard *shard = shards; shard < shards + SHARDS; shard++) {
        hr_take(&shard->lock);
        for (uint32_t i = 0; i < shard->room; i++)
            if (shard->entries[i].space && shard->entries[i].space != HR_MAPPING && shard->entries[i].owner == owner)
                shard->entries[i].owner = to;
        hr_give(&shard->lock);
    }
}

void hr_table_drop(uint64_t owner, void (*dropped)(const struct hr_entry *entry))
{
    for (struct shard *shard = shards; shard < shards + SHARDS; shard++) {
        hr_take(&shard->lock);
        for (uint32_t i = 0; i < shard->room;) {
            struct hr_entry *at = &shard->entries[i];
            if (!at->space || at->space == HR_MAPPING || at->owner != owner) {
                i++;
                continue;
            }
            struct hr_entry copy = *at;
            take_out(shard, at); /* what moves up into its place is looked at next */
            dropped(&copy);
        }
        hr_give(&shard->lock);
    }
}

uint32_t hr_table_execs(void)
{
    return __atomic_load_n(&execs, __ATOMIC_RELAXED);
}

void hr_table_forget(void)
{
    for (struct shard *shard = shards; shard < shards + SHARDS; shard++)
        if (shard->entries && !shard->lock.word) /* held: another thread of the parent was in the middle of it, and its words may not fit together */
            munmap(shard->entries, shard->room * sizeof *shard->entries);
    memset(shards, 0, sizeof shards);
    execs = 0;
}
