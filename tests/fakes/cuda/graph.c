/* Graphs of kernels, allocations and frees, run in the order they were added. A graph's memory comes from one store a device: it grows at
 * launch by what is not there yet, and keeps what is freed until cuDeviceGraphMemTrim. */
#include "double.h"

#include <stdlib.h>

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

struct exec {
    struct object base;
    int frees_itself;
    unsigned count;
    struct step steps[];
};

static void unname(struct memory *memory)
{
    if (!memory || --memory->named > 0 || memory->in_use)
        return;
    range_free(memory->range);
    free(memory);
}

static CUresult begin_use(struct memory *memory)
{
    struct gpu *gpu = memory->range->gpu;
    uint64_t wanted = gpu->graph_used + memory->range->size;

    if (memory->in_use)
        return CUDA_ERROR_INVALID_VALUE;
    if (wanted > gpu->graph_reserved) {
        TRY(book(gpu, BOOK_GRAPH, wanted - gpu->graph_reserved));
        gpu->graph_reserved = wanted;
        if (gpu->graph_reserved_high < wanted)
            gpu->graph_reserved_high = wanted;
    }
    gpu->graph_used = wanted;
    if (gpu->graph_used_high < wanted)
        gpu->graph_used_high = wanted;
    memory->in_use = 1;
    return CUDA_SUCCESS;
}

static void end_use(struct memory *memory)
{
    memory->range->gpu->graph_used -= memory->range->size;
    memory->in_use = 0;
}

CUresult graph_memory_freed(struct range *range)
{
    struct memory *memory = range->owner;

    if (!memory->in_use)
        return CUDA_ERROR_INVALID_VALUE;
    memory->named++;
    end_use(memory);
    unname(memory);
    return CUDA_SUCCESS;
}

static void trim(struct gpu *gpu)
{
    if (gpu->graph_reserved == gpu->graph_used)
        return;
    unbook(gpu, BOOK_GRAPH, gpu->graph_reserved - gpu->graph_used);
    gpu->graph_reserved = gpu->graph_used;
}

void reset_graph_memory(struct gpu *gpu)
{
    struct range *range;

    for (unsigned cursor = ~0u; (range = range_next(&cursor));)
        if (range->use == USE_GRAPH && range->gpu == gpu)
            graph_memory_freed(range);
    trim(gpu);
}

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
    result = add(node, graph, (struct step){CU_GRAPH_NODE_TYPE_MEM_ALLOC, 0, memory});
    if (result)
        unname(memory);
    else
        wanted->dptr = memory->range->start;
    return result;
}

static CUresult add_free(CUgraphNode *node, CUgraph graph, CUdeviceptr address)
{
    struct range *range = range_at(address);
    struct memory *memory;

    if (!range || range->use != USE_GRAPH)
        return CUDA_ERROR_INVALID_VALUE;
    memory = range->owner;
    TRY(add(node, graph, (struct step){CU_GRAPH_NODE_TYPE_MEM_FREE, 0, memory}));
    memory->named++;
    return CUDA_SUCCESS;
}

static CUresult add_kernel(CUgraphNode *node, CUgraph graph, const CUDA_KERNEL_NODE_PARAMS *wanted)
{
    uint64_t us = wanted ? kernel_us(wanted->func, wanted->kernelParams) : UINT64_MAX;

    return us == UINT64_MAX ? CUDA_ERROR_INVALID_VALUE : add(node, graph, (struct step){CU_GRAPH_NODE_TYPE_KERNEL, us, 0});
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
    return add(node, graph, (struct step){CU_GRAPH_NODE_TYPE_EMPTY, 0, 0});
}

static CUresult add_any(CUgraphNode *node, CUgraph graph, CUgraphNodeParams *wanted)
{
    GUARDED;
    if (!wanted)
        return CUDA_ERROR_INVALID_VALUE;
    switch (wanted->type) {
    case CU_GRAPH_NODE_TYPE_KERNEL: return add_kernel(node, graph, &wanted->kernel);
    case CU_GRAPH_NODE_TYPE_EMPTY: return add(node, graph, (struct step){CU_GRAPH_NODE_TYPE_EMPTY, 0, 0});
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

static CUresult instantiate(CUgraphExec *handle, CUgraph from, unsigned long long flags)
{
    struct graph *graph;
    struct exec *exec;
    unsigned count = 0;

    GUARDED;
    graph = object_get(from, GRAPH);
    if (!handle || !graph)
        return CUDA_ERROR_INVALID_VALUE;
    for (struct node *node = graph->first; node; node = node->next)
        count++;
    exec = object_new(EXEC, sizeof *exec + count * sizeof *exec->steps);
    if (!exec)
        return CUDA_ERROR_OUT_OF_MEMORY;
    exec->frees_itself = flags & CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH;
    for (struct node *node = graph->first; node; node = node->next) {
        exec->steps[exec->count++] = node->step;
        if (node->step.memory)
            node->step.memory->named++;
    }
    *handle = HANDLE(exec);
    return CUDA_SUCCESS;
}

#define INSTANTIATE(Name) \
    EXPORT CUresult Name(CUgraphExec *exec, CUgraph graph, CUgraphNode *bad, char *log, size_t size) \
    { \
        if (bad) \
            *bad = 0; \
        if (log && size) \
            *log = 0; \
        return instantiate(exec, graph, 0); \
    }
INSTANTIATE(cuGraphInstantiate)
INSTANTIATE(cuGraphInstantiate_v2)
EXPORT CUresult cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph, unsigned long long flags) { return instantiate(exec, graph, flags); }

static CUresult instantiate_with(CUgraphExec *exec, CUgraph graph, CUDA_GRAPH_INSTANTIATE_PARAMS *wanted)
{
    CUresult result;

    if (!wanted)
        return CUDA_ERROR_INVALID_VALUE;
    result = instantiate(exec, graph, wanted->flags);
    wanted->hErrNode_out = 0;
    wanted->result_out = result ? 1 : 0;
    return result;
}
EXPORT CUresult cuGraphInstantiateWithParams(CUgraphExec *exec, CUgraph graph, CUDA_GRAPH_INSTANTIATE_PARAMS *wanted)
{
    return instantiate_with(exec, graph, wanted);
}
EXPORT CUresult cuGraphInstantiateWithParams_ptsz(CUgraphExec *exec, CUgraph graph, CUDA_GRAPH_INSTANTIATE_PARAMS *wanted)
{
    return instantiate_with(exec, graph, wanted);
}

EXPORT CUresult cuGraphExecDestroy(CUgraphExec handle)
{
    struct exec *exec;

    GUARDED;
    exec = object_get(handle, EXEC);
    if (!exec)
        return CUDA_ERROR_INVALID_VALUE;
    for (unsigned i = 0; i < exec->count; i++)
        unname(exec->steps[i].memory);
    object_free(exec);
    return CUDA_SUCCESS;
}

/* All or nothing: what it took before a refusal it gives back to the store. */
static CUresult take_steps(struct exec *exec)
{
    for (unsigned i = 0; i < exec->count && exec->frees_itself; i++)
        if (exec->steps[i].type == CU_GRAPH_NODE_TYPE_MEM_ALLOC && exec->steps[i].memory->in_use)
            end_use(exec->steps[i].memory);
    for (unsigned i = 0; i < exec->count; i++) {
        struct step *step = &exec->steps[i];
        CUresult result = CUDA_SUCCESS;

        if (step->type == CU_GRAPH_NODE_TYPE_MEM_ALLOC)
            result = begin_use(step->memory);
        else if (step->type == CU_GRAPH_NODE_TYPE_MEM_FREE && step->memory->in_use)
            end_use(step->memory);
        if (!result)
            continue;
        while (i-- > 0)
            if (exec->steps[i].type == CU_GRAPH_NODE_TYPE_MEM_ALLOC && exec->steps[i].memory->in_use)
                end_use(exec->steps[i].memory);
        return result;
    }
    return CUDA_SUCCESS;
}

static CUresult queue(CUgraphExec handle, CUstream stream, uint64_t *wait)
{
    struct exec *exec;
    struct gpu *gpu;
    uint64_t us = 0;

    GUARDED;
    TRY(stream_gpu(stream, &gpu));
    exec = object_get(handle, EXEC);
    if (!exec)
        return CUDA_ERROR_INVALID_VALUE;
    TRY(take_steps(exec));
    for (unsigned i = 0; i < exec->count; i++)
        us += exec->steps[i].us;
    *wait = run_on_gpu(gpu, us);
    return CUDA_SUCCESS;
}

static CUresult launch(CUgraphExec exec, CUstream stream)
{
    uint64_t wait;

    TRY(queue(exec, stream, &wait));
    wait_until(wait);
    return CUDA_SUCCESS;
}
EXPORT CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream) { return launch(exec, stream); }
EXPORT CUresult cuGraphLaunch_ptsz(CUgraphExec exec, CUstream stream) { return launch(exec, stream); }

EXPORT CUresult cuDeviceGraphMemTrim(CUdevice device)
{
    struct gpu *gpu;

    GUARDED;
    TRY(find_gpu(device, &gpu));
    trim(gpu);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceGetGraphMemAttribute(CUdevice device, int attribute, void *value)
{
    struct gpu *gpu;

    GUARDED;
    TRY(find_gpu(device, &gpu));
    if (!value)
        return CUDA_ERROR_INVALID_VALUE;
    switch (attribute) {
    case CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT: *(uint64_t *)value = gpu->graph_used; break;
    case CU_GRAPH_MEM_ATTR_USED_MEM_HIGH: *(uint64_t *)value = gpu->graph_used_high; break;
    case CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT: *(uint64_t *)value = gpu->graph_reserved; break;
    case CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH: *(uint64_t *)value = gpu->graph_reserved_high; break;
    default: return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceSetGraphMemAttribute(CUdevice device, int attribute, void *value)
{
    struct gpu *gpu;

    GUARDED;
    TRY(find_gpu(device, &gpu));
    if (!value || *(uint64_t *)value)
        return CUDA_ERROR_INVALID_VALUE;
    if (attribute == CU_GRAPH_MEM_ATTR_USED_MEM_HIGH)
        gpu->graph_used_high = gpu->graph_used;
    else if (attribute == CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH)
        gpu->graph_reserved_high = gpu->graph_reserved;
    else
        return CUDA_ERROR_INVALID_VALUE;
    return CUDA_SUCCESS;
}
