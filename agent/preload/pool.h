/* Memory that the driver takes from a GPU in pieces and hands out in parts: its pools, and the graph memory of a device. On the books is what they have reserved. */
#ifndef HEADROOM_POOL_H
#define HEADROOM_POOL_H

#include "internal.h"

struct hr_pool;

/* The pool of that handle; remembered from now on. NULL: there is no room to. */
struct hr_pool *hr_pool_of(CUmemoryPool handle, CUdevice current);
void hr_pool_made(CUmemoryPool handle, int device); /* < 0: its memory is not a GPU's */
struct hr_card *hr_pool_card(const struct hr_pool *pool);
struct hr_pool *hr_pool_known(CUmemoryPool handle);
struct hr_pool *hr_graph_memory(struct hr_card *card);

/* A call that takes `bytes` of it. `again`: it may hold them already, from an earlier launch. */
struct hr_taking {
    uint64_t bytes;
    bool again;
    bool counted;   /* these two are pool.c's */
    uint64_t asked;
};

/* Begin asks for what the call may make it grow by, and refuses if that is too much. End gives the asking back, brings the books to what is reserved now, and
 * returns the growth. */
bool hr_pool_begin(struct hr_pool *pool, struct hr_card *card, struct hr_taking *taking);
uint64_t hr_pool_end(struct hr_pool *pool, struct hr_card *card, const struct hr_taking *taking, bool given);
/* The program used it: it is alive, also after a reset of its device. */
void hr_pool_wake(struct hr_pool *pool);
/* Brings the books to what is reserved now. */
void hr_pool_settle(struct hr_pool *pool, struct hr_card *card);
/* Remembers an address given from it, which keeps a destroyed pool's memory. */
void hr_pool_gave(struct hr_pool *pool, struct hr_card *card, CUdeviceptr address);
CUresult hr_pool_destroy(struct hr_pool *pool, CUmemoryPool handle);

#endif
