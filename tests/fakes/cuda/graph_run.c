/* Running graphs: in the order their nodes were added. A graph's memory comes from one store a device: it grows at launch by
 * what is not there yet, and keeps what is freed until cuDeviceGraphMemTrim. */
#include "graph.h"

#include <stdlib.h>

struct exec {
    struct object base;
    int frees_itself;
    unsigned count;
    struct step steps[];
};

void unname(struct memory *memory)
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

/* Memory is taken at the launch only. */
static CUresult upload(CUgraphExec exec, CUstream stream)
{
    struct gpu *gpu;

    GUARDED;
    TRY(stream_gpu(stream, &gpu));
    return object_get(exec, EXEC) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
EXPORT CUresult cuGraphUpload(CUgraphExec exec, CUstream stream) { return upload(exec, stream); }
EXPORT CUresult cuGraphUpload_ptsz(CUgraphExec exec, CUstream stream) { return upload(exec, stream); }

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
