/* Handles: a place in a table and the number of its user, so that a handle used after its end, twice or made up is found out. */
#include "double.h"

#include <stdlib.h>

static struct { struct object *object; uint32_t user; } *table;
static uint32_t used, size, *free_places, free_count;

enum { PLACE_BITS = 24 };

void *object_new(enum type type, size_t bytes)
{
    struct object *object = calloc(1, bytes);
    uint32_t place;

    if (!object)
        return 0;
    if (free_count) {
        place = free_places[--free_count];
    } else {
        if (used == size) {
            uint32_t wanted = size ? size * 2 : 64;
            void *places = realloc(free_places, wanted * sizeof *free_places), *grown;
            if (places)
                free_places = places;
            grown = places && wanted < 1u << PLACE_BITS ? realloc(table, wanted * sizeof *table) : 0;
            if (!grown) {
                free(object);
                return 0;
            }
            table = grown;
            size = wanted;
        }
        place = used++;
        table[place].user = 0;
    }
    table[place].object = object;
    object->type = type;
    object->handle = (uint64_t)++table[place].user << PLACE_BITS | place;
    return object;
}

void *object_get(const void *handle, enum type type)
{
    uint64_t place = (uint64_t)handle & ((1u << PLACE_BITS) - 1);

    if (place >= used || !table[place].object || table[place].object->handle != (uint64_t)handle || table[place].object->type != type)
        return 0;
    return table[place].object;
}

void object_free(void *freed)
{
    struct object *object = freed;
    uint32_t place = (uint32_t)object->handle & ((1u << PLACE_BITS) - 1);

    table[place].object = 0;
    free_places[free_count++] = place;
    free(object);
}

/* The next of its type from `cursor` on; null: no more. */
void *object_next(enum type type, unsigned *cursor)
{
    while (*cursor < used) {
        struct object *object = table[(*cursor)++].object;
        if (object && object->type == type)
            return object;
    }
    return 0;
}
