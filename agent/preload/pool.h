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

/* Asks for what n bytes more may make it grow by. `again`: it may hold them already, from an earlier launch. hr_pool_settle must follow if it says yes. */
bool hr_pool_ask(struct hr_pool *pool, struct hr_card *card, uint64_t n, bool again, uint64_t *asked);
/* Gives the asking back and brings the books to what is reserved now. Returns the growth; `needed` is what for (0: not known). */
uint64_t hr_pool_settle(struct hr_pool *pool, struct hr_card *card, uint64_t asked, uint64_t needed);
/* Remembers an address given from it, which keeps a destroyed pool's memory. */
void hr_pool_gave(struct hr_pool *pool, struct hr_card *card, CUdeviceptr address);
CUresult hr_pool_destroy(struct hr_pool *pool, CUmemoryPool handle);

#endif
