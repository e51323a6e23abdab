/* What graph.c (making graphs) and graph_run.c (running them) share. */
#ifndef HEADROOM_CUDA_GRAPH_H
#define HEADROOM_CUDA_GRAPH_H

#include "double.h"

/* What one allocation node gives: the same address at every launch. Stays while a node or an executable names it, or it is in use. */
struct memory {
    struct range *range;
    int in_use;
    unsigned named;
};

struct step {
    int type;
    uint64_t us;
    struct memory *memory;
    CUDA_MEM_ALLOC_NODE_PARAMS wanted; /* of an allocation */
};

struct node {
    struct object base;
    struct node *next;
    struct step step;
};

struct graph {
    struct object base;
    struct node *first, **end;
};

/* graph_run.c: ends one naming of a graph's memory. */
void unname(struct memory *memory);

#endif
