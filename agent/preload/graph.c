/* Graphs that allocate: memory comes when they are launched (or uploaded), from the device's graph memory, which is counted like a pool.
 *
 * How much an executable may take is read from its graph's nodes at instantiation, whoever added them (cuGraphAddMemAllocNode, cuGraphAddNode, a capture).
 * Within a graph the driver lets allocations that are never alive together share addresses; so it is the length of their addresses' union.
 */
#include "gate.h"
#include "pool.h"

#include <stdlib.h>
#include <sys/mman.h>

#define PAGE_BYTES (UINT64_C(2) << 20)
#define DEEPEST 8 /* child graphs in child graphs */

struct span {
    uint64_t from, to;
    int device;
};

struct spans {
    size_t count, room;
    struct span *all; /* from mmap: programs may be inside their allocator's hooks here */
};

static void add_span(struct spans *spans, const CUDA_MEM_ALLOC_NODE_PARAMS *node)
{
    if (spans->count == spans->room) {
        size_t room = spans->room ? spans->room * 2 : 4096 / sizeof(struct span);
        struct span *more = mmap(NULL, room * sizeof *more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (more == MAP_FAILED)
            return;
        for (size_t i = 0; i < spans->count; i++)
            more[i] = spans->all[i];
        if (spans->all)
            munmap(spans->all, spans->room * sizeof *more);
        spans->all = more;
        spans->room = room;
    }
    spans->all[spans->count++] = (struct span) { node->dptr / PAGE_BYTES * PAGE_BYTES, hr_add(node->dptr, node->bytesize + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES,
                                                 node->poolProps.location.id };
}

static void add_nodes(struct spans *spans, CUgraph graph, int depth)
{
    const struct hr_driver *real = hr_driver();
    size_t count = 0;
    if (!real->cuGraphGetNodes || !real->cuGraphNodeGetType || !real->cuGraphMemAllocNodeGetParams || real->cuGraphGetNodes(graph, NULL, &count) || !count)
        return;
    CUgraphNode *nodes = mmap(NULL, count * sizeof *nodes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (nodes == MAP_FAILED)
        return;
    size_t room = count;
    if (real->cuGraphGetNodes(graph, nodes, &count))
        count = 0;
    for (size_t i = 0; i < count && i < room; i++) {
        CUDA_MEM_ALLOC_NODE_PARAMS parameters;
        CUgraph child;
        int type;
        if (real->cuGraphNodeGetType(nodes[i], &type))
            continue;
        if (type == CU_GRAPH_NODE_TYPE_MEM_ALLOC && !real->cuGraphMemAllocNodeGetParams(nodes[i], &parameters) &&
            parameters.poolProps.location.type == CU_MEM_LOCATION_TYPE_DEVICE)
            add_span(spans, &parameters);
        if (type == CU_GRAPH_NODE_TYPE_GRAPH && depth < DEEPEST && real->cuGraphChildGraphNodeGetGraph && !real->cuGraphChildGraphNodeGetGraph(nodes[i], &child))
            add_nodes(spans, child, depth + 1);
    }
    munmap(nodes, room * sizeof *nodes);
}

static int by_address(const void *a, const void *b)
{
    const struct span *left = a, *right = b;
    return left->device != right->device ? (left->device < right->device ? -1 : 1) : left->from < right->from ? -1 : left->from > right->from;
}

/* One entry for the executable, whose owner is a mask of devices, and one for each of those with its bytes. */
static void remember(CUgraphExec exec, CUgraph graph)
{
    struct spans spans = { 0, 0, NULL };
    struct hr_entry old, whole = { .key = (uintptr_t)exec, .references = 1, .space = HR_EXEC };
    uint64_t bytes[HR_MAX_GPUS] = { 0 }, reached = 0;
    add_nodes(&spans, graph, 0);
    if (spans.count)
        qsort(spans.all, spans.count, sizeof *spans.all, by_address);
    for (size_t i = 0; i < spans.count; i++) {
        const struct span *span = &spans.all[i];
        if (span->device < 0 || span->device >= HR_MAX_GPUS)
            continue;
        if (i == 0 || span->device != spans.all[i - 1].device)
            reached = 0;
        uint64_t from = span->from > reached ? span->from : reached;
        if (span->to > from)
            bytes[span->device] += span->to - from;
        reached = span->to > reached ? span->to : reached;
    }
    if (spans.all)
        munmap(spans.all, spans.room * sizeof *spans.all);
    for (int device = 0; device < HR_MAX_GPUS; device++) {
        struct hr_entry one = { .key = (uintptr_t)exec, .bytes = bytes[device], .references = 1, .space = (uint8_t)(HR_EXEC_BYTES + device) };
        if (bytes[device] && hr_table_put(&one, &old))
            whole.bytes |= UINT64_C(1) << device;
    }
    if (whole.bytes)
        hr_table_put(&whole, &old);
    else
        hr_table_take(HR_EXEC, (uintptr_t)exec, &old);
}

#define INSTANTIATE(name, parameters, ...) \
    HR_EXPORT CUresult name parameters \
    { \
        HR_BEGIN(name, __VA_ARGS__); \
        CUresult result = real->name(__VA_ARGS__); \
        if (!result) \
            remember(*exec, graph); \
        return result; \
    }
INSTANTIATE(cuGraphInstantiate, (CUgraphExec * exec, CUgraph graph, CUgraphNode *bad, char *log, size_t size), exec, graph, bad, log, size)
INSTANTIATE(cuGraphInstantiate_v2, (CUgraphExec * exec, CUgraph graph, CUgraphNode *bad, char *log, size_t size), exec, graph, bad, log, size)
INSTANTIATE(cuGraphInstantiateWithFlags, (CUgraphExec * exec, CUgraph graph, unsigned long long flags), exec, graph, flags)
INSTANTIATE(cuGraphInstantiateWithParams, (CUgraphExec * exec, CUgraph graph, void *parameters), exec, graph, parameters)
INSTANTIATE(cuGraphInstantiateWithParams_ptsz, (CUgraphExec * exec, CUgraph graph, void *parameters), exec, graph, parameters)

struct launch {
    uint64_t devices; /* mask of those that were asked for */
    struct hr_taking takings[HR_MAX_GPUS];
};

static void end_launch(const struct launch *launch)
{
    for (unsigned device = 0; device < HR_MAX_GPUS; device++) {
        struct hr_card *card = launch->devices >> device & 1 ? hr_card((CUdevice)device) : NULL;
        if (card)
            hr_pool_end(hr_graph_memory(card), card, &launch->takings[device], true);
    }
}

static CUresult begin_launch(CUgraphExec exec, struct launch *launch)
{
    struct hr_entry whole, one;
    launch->devices = 0;
    if (!hr_table_execs() || !hr_table_get(HR_EXEC, (uintptr_t)exec, &whole))
        return CUDA_SUCCESS;
    for (unsigned device = 0; device < HR_MAX_GPUS; device++) {
        struct hr_card *card = whole.bytes >> device & 1 ? hr_card((CUdevice)device) : NULL;
        if (!card || !hr_table_get(HR_EXEC_BYTES + device, (uintptr_t)exec, &one))
            continue;
        launch->takings[device] = (struct hr_taking) { .bytes = one.bytes, .again = whole.mappings > 0 };
        if (!hr_pool_begin(hr_graph_memory(card), card, &launch->takings[device])) {
            end_launch(launch);
            return hr_refuse(card, one.bytes);
        }
        launch->devices |= UINT64_C(1) << device;
    }
    return CUDA_SUCCESS;
}

#define LAUNCH(name, exported) \
    exported(CUgraphExec exec, CUstream stream) \
    { \
        HR_BEGIN(name, exec, stream); \
        struct launch launch; \
        struct hr_entry whole; \
        CUresult result = begin_launch(exec, &launch); \
        if (result) \
            return result; \
        result = real->name(exec, stream); \
        end_launch(&launch); \
        if (!result && launch.devices) /* its `mappings` say that it was launched before: it may hold its memory still */ \
            hr_table_count(HR_EXEC, (uintptr_t)exec, 0, 1, &whole); \
        return result; \
    }
#define GATED_LAUNCH(name, per_thread) \
    LAUNCH(name, static CUresult counted_##name) \
    HR_EXPORT CUresult name(CUgraphExec exec, CUstream stream) \
    { \
        struct hr_launch launch; /* waits before it asks for memory */ \
        hr_begin(&launch, stream, per_thread, false); \
        return hr_end(&launch, counted_##name(exec, stream)); \
    }
GATED_LAUNCH(cuGraphLaunch, false)
GATED_LAUNCH(cuGraphLaunch_ptsz, true)
LAUNCH(cuGraphUpload, HR_EXPORT CUresult cuGraphUpload)
LAUNCH(cuGraphUpload_ptsz, HR_EXPORT CUresult cuGraphUpload_ptsz)

HR_EXPORT CUresult cuGraphExecDestroy(CUgraphExec exec)
{
    HR_BEGIN(cuGraphExecDestroy, exec);
    CUresult result = real->cuGraphExecDestroy(exec);
    struct hr_entry gone;
    /* What it holds stays until it is freed or trimmed: the device's figure says. Entries of a number given out again meanwhile were put anew. */
    if (!result && hr_table_execs() && hr_table_take(HR_EXEC, (uintptr_t)exec, &gone))
        for (unsigned device = 0; device < HR_MAX_GPUS; device++)
            hr_table_take(HR_EXEC_BYTES + device, (uintptr_t)exec, &gone);
    return result;
}

HR_EXPORT CUresult cuDeviceGraphMemTrim(CUdevice device)
{
    HR_BEGIN(cuDeviceGraphMemTrim, device);
    CUresult result = real->cuDeviceGraphMemTrim(device);
    struct hr_card *card = hr_card(device);
    if (card)
        hr_pool_settle(hr_graph_memory(card), card);
    return result;
}
