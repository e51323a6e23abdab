/* Device addresses, sorted, from pieces of address space that the host may not touch: a big one, and one below 4 GiB for the calls of
 * old whose addresses have 32 bits. They go up and start anew at the end, so a freed address is not somebody else's for long. */
#define _GNU_SOURCE
#include "double.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static struct range **ranges;
static unsigned count, room;
static struct space { uint64_t base, end, next; } wide, low;

static int reserve_space(struct space *space)
{
    uint64_t size = space == &low ? 1ull << 30 : 1ull << 42;

    /* Less where a sanitizer has the rest. */
    for (int tries = 0; !space->base && tries < 6; tries++, size /= 2) {
        void *memory = mmap(0, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (space == &low ? MAP_32BIT : 0), -1, 0);
        if (memory == MAP_FAILED)
            continue;
        space->base = space->next = round_up((uint64_t)memory, CHUNK);
        space->end = (uint64_t)memory + size;
    }
    return space->base != 0;
}

/* How many ranges start at or below `address`. */
static unsigned position(uint64_t address)
{
    unsigned low = 0, high = count;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (ranges[middle]->start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The first gap from `from` on; 0: none. `at`: its place among the ranges. */
static uint64_t find_gap(uint64_t from, uint64_t end, uint64_t size, uint64_t align, unsigned *at)
{
    uint64_t start = round_up(from, align);

    for (unsigned i = position(from);; i++) {
        if (i > 0 && ranges[i - 1]->start + ranges[i - 1]->size > start)
            start = round_up(ranges[i - 1]->start + ranges[i - 1]->size, align);
        if (start > end || end - start < size)
            return 0;
        if (i == count || ranges[i]->start >= start + size) {
            *at = i;
            return start;
        }
    }
}

static struct range *make(struct space *space, uint64_t size, uint64_t align)
{
    struct range *range;
    uint64_t start;
    unsigned at;

    if (!reserve_space(space) || size == 0 || size > space->end - space->base)
        return 0;
    if (count == room) {
        unsigned wanted = room ? room * 2 : 64;
        struct range **grown = realloc(ranges, wanted * sizeof *ranges);
        if (!grown)
            return 0;
        ranges = grown;
        room = wanted;
    }
    start = find_gap(space->next, space->end, size, align, &at);
    if (!start)
        start = find_gap(space->base, space->end, size, align, &at);
    if (!start || !(range = calloc(1, sizeof *range)))
        return 0;
    memmove(ranges + at + 1, ranges + at, (count - at) * sizeof *ranges);
    ranges[at] = range;
    count++;
    range->start = start;
    range->size = size;
    space->next = start + size;
    return range;
}

struct range *range_new(uint64_t size, uint64_t align) { return make(&wide, size, align); }
struct range *range_new_low(uint64_t size) { return make(&low, size, 512); }

struct range *range_around(uint64_t address)
{
    unsigned i = position(address);

    return i > 0 && address - ranges[i - 1]->start < ranges[i - 1]->size ? ranges[i - 1] : 0;
}

struct range *range_at(uint64_t address)
{
    struct range *range = range_around(address);

    return range && range->start == address ? range : 0;
}

/* From the last to the first, so that the one that was given may be freed. Start with a cursor of -1. */
struct range *range_next(unsigned *cursor)
{
    if (*cursor > count)
        *cursor = count;
    return *cursor > 0 ? ranges[--*cursor] : 0;
}

void range_free(struct range *range)
{
    unsigned i = position(range->start) - 1;

    memmove(ranges + i, ranges + i + 1, (count - i - 1) * sizeof *ranges);
    count--;
    free(range);
}
