/* Making graphs of kernels, allocations and frees. Dependencies are not looked at: nodes run in the order they are added. */
#include "graph.h"

#include <stdlib.h>

EXPORT CUresult cuGraphCreate(CUgraph *handle, unsigned flags)
{
    struct graph *graph;

    GUARDED;
    if (!handle || flags)
        return CUDA_ERROR_INVALID_VALUE;
    graph = object_new(GRAPH, sizeof *graph);
    if (!graph)
        return CUDA_ERROR_OUT_OF_MEMORY;
    graph->end = &graph->first;
    *handle = HANDLE(graph);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuGraphDestroy(CUgraph handle)
{
    struct graph *graph;

    GUARDED;
    graph = object_get(handle, GRAPH);
    if (!graph)
        return CUDA_ERROR_INVALID_VALUE;
    for (struct node *node = graph->first, *next; node; node = next) {
        next = node->next;
        unname(node->step.memory);
        object_free(node);
    }
    object_free(graph);
    return CUDA_SUCCESS;
}

static CUresult add(CUgraphNode *handle, CUgraph in, struct step step)
{
    struct graph *graph = object_get(in, GRAPH);
    struct node *node;

    if (!graph || !handle)
        return CUDA_ERROR_INVALID_VALUE;
    node = object_new(NODE, sizeof *node);
    if (!node)
        return CUDA_ERROR_OUT_OF_MEMORY;
    node->step = step;
    *graph->end = node;
    graph->end = &node->next;
    *handle = HANDLE(node);
    return CUDA_SUCCESS;
}

static CUresult add_alloc(CUgraphNode *node, CUgraph graph, CUDA_MEM_ALLOC_NODE_PARAMS *wanted)
{
    struct memory *memory;
    struct gpu *gpu;
    CUresult result;

    if (!wanted || wanted->bytesize == 0 || wanted->poolProps.location.type != CU_MEM_LOCATION_TYPE_DEVICE)
        return CUDA_ERROR_INVALID_VALUE;
    TRY(find_gpu(wanted->poolProps.location.id, &gpu));
    if (wanted->bytesize > gpu->card->memory_total)
        return CUDA_ERROR_OUT_OF_MEMORY;
    memory = calloc(1, sizeof *memory);
    if (!memory || !(memory->range = range_new(round_up(wanted->bytesize, CHUNK), CHUNK))) {
        free(memory);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    memory->range->use = USE_GRAPH;
    memory->range->gpu = gpu;
    memory->range->owner = memory;
    memory->named = 1;
    wanted->dptr = memory->range->start;
    result = add(node, graph, (struct step){.type = CU_GRAPH_NODE_TYPE_MEM_ALLOC, .memory = memory, .wanted = *wanted});
    if (result)
        unname(memory);
    return result;
}

static CUresult add_free(CUgraphNode *node, CUgraph graph, CUdeviceptr address)
{
    struct range *range = range_at(address);
    struct memory *memory;

    if (!range || range->use != USE_GRAPH)
        return CUDA_ERROR_INVALID_VALUE;
    memory = range->owner;
    TRY(add(node, graph, (struct step){.type = CU_GRAPH_NODE_TYPE_MEM_FREE, .memory = memory}));
    memory->named++;
    return CUDA_SUCCESS;
}

static CUresult add_kernel(CUgraphNode *node, CUgraph graph, const CUDA_KERNEL_NODE_PARAMS *wanted)
{
    uint64_t us = wanted ? kernel_us(wanted->func, wanted->kernelParams) : UINT64_MAX;

    return us == UINT64_MAX ? CUDA_ERROR_INVALID_VALUE : add(node, graph, (struct step){.type = CU_GRAPH_NODE_TYPE_KERNEL, .us = us});
}

EXPORT CUresult cuGraphAddMemAllocNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, size_t count, CUDA_MEM_ALLOC_NODE_PARAMS *wanted)
{
    (void)after, (void)count;
    GUARDED;
    return add_alloc(node, graph, wanted);
}

EXPORT CUresult cuGraphAddMemFreeNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, size_t count, CUdeviceptr address)
{
    (void)after, (void)count;
    GUARDED;
    return add_free(node, graph, address);
}

EXPORT CUresult cuGraphAddKernelNode_v2(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, size_t count, const CUDA_KERNEL_NODE_PARAMS *wanted)
{
    (void)after, (void)count;
    GUARDED;
    return add_kernel(node, graph, wanted);
}

EXPORT CUresult cuGraphAddEmptyNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, size_t count)
{
    (void)after, (void)count;
    GUARDED;
    return add(node, graph, (struct step){.type = CU_GRAPH_NODE_TYPE_EMPTY});
}

static CUresult add_any(CUgraphNode *node, CUgraph graph, CUgraphNodeParams *wanted)
{
    GUARDED;
    if (!wanted)
        return CUDA_ERROR_INVALID_VALUE;
    switch (wanted->type) {
    case CU_GRAPH_NODE_TYPE_KERNEL: return add_kernel(node, graph, &wanted->kernel);
    case CU_GRAPH_NODE_TYPE_EMPTY: return add(node, graph, (struct step){.type = CU_GRAPH_NODE_TYPE_EMPTY});
    case CU_GRAPH_NODE_TYPE_MEM_ALLOC: return add_alloc(node, graph, &wanted->alloc);
    case CU_GRAPH_NODE_TYPE_MEM_FREE: return add_free(node, graph, wanted->free.dptr);
    default: return CUDA_ERROR_NOT_SUPPORTED;
    }
}
EXPORT CUresult cuGraphAddNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, size_t count, CUgraphNodeParams *wanted)
{
    return (void)after, (void)count, add_any(node, graph, wanted);
}
EXPORT CUresult cuGraphAddNode_v2(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, const void *edges, size_t count, CUgraphNodeParams *wanted)
{
    return (void)after, (void)edges, (void)count, add_any(node, graph, wanted);
}

EXPORT CUresult cuGraphGetNodes(CUgraph handle, CUgraphNode *nodes, size_t *count)
{
    struct graph *graph;
    size_t n = 0;

    GUARDED;
    graph = object_get(handle, GRAPH);
    if (!graph || !count)
        return CUDA_ERROR_INVALID_VALUE;
    for (struct node *node = graph->first; node; node = node->next, n++)
        if (nodes && n < *count)
            nodes[n] = HANDLE(node);
    for (size_t i = n; nodes && i < *count; i++)
        nodes[i] = 0;
    *count = n;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuGraphNodeGetType(CUgraphNode handle, int *type)
{
    struct node *node;

    GUARDED;
    node = object_get(handle, NODE);
    if (!node || !type)
        return CUDA_ERROR_INVALID_VALUE;
    *type = node->step.type;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuGraphMemAllocNodeGetParams(CUgraphNode handle, CUDA_MEM_ALLOC_NODE_PARAMS *wanted)
{
    struct node *node;

    GUARDED;
    node = object_get(handle, NODE);
    if (!node || !wanted || node->step.type != CU_GRAPH_NODE_TYPE_MEM_ALLOC)
        return CUDA_ERROR_INVALID_VALUE;
    *wanted = node->step.wanted;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuGraphMemFreeNodeGetParams(CUgraphNode handle, CUdeviceptr *address)
{
    struct node *node;

    GUARDED;
    node = object_get(handle, NODE);
    if (!node || !address || node->step.type != CU_GRAPH_NODE_TYPE_MEM_FREE)
        return CUDA_ERROR_INVALID_VALUE;
    *address = node->step.memory->range->start;
    return CUDA_SUCCESS;
}
