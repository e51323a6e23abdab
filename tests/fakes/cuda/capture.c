/* Stream capture: launches on the stream become steps of a graph and do not run. In mode global, a thread that asks an event anything breaks every capture, unless
 * it is in mode relaxed; so does NVIDIA's driver, and an interposer that asks by itself must know. */
#include "graph.h"

enum { AT_ONCE = 8 };

static struct capture {
    CUstream stream; /* 0: none here */
    int mode, broken;
    uint64_t us;
    unsigned launches;
} captures[AT_ONCE];
static __thread int thread_mode;

static struct capture *of(CUstream stream)
{
    for (unsigned i = 0; i < AT_ONCE; i++)
        if (captures[i].stream == stream)
            return &captures[i];
    return 0;
}

int keep_in_capture(CUstream stream, uint64_t us)
{
    struct capture *capture = (uintptr_t)stream > 2 ? of(stream) : 0;

    if (!capture)
        return 0;
    capture->us += us;
    capture->launches++;
    return 1;
}

CUresult ask_in_capture(void)
{
    CUresult result = CUDA_SUCCESS;

    for (unsigned i = 0; i < AT_ONCE && thread_mode != CU_STREAM_CAPTURE_MODE_RELAXED; i++)
        if (captures[i].stream && captures[i].mode == CU_STREAM_CAPTURE_MODE_GLOBAL) {
            captures[i].broken = 1;
            result = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
        }
    return result;
}

EXPORT CUresult cuThreadExchangeStreamCaptureMode(int *mode)
{
    int before = thread_mode;

    if (!mode || *mode < 0 || *mode > 2)
        return CUDA_ERROR_INVALID_VALUE;
    thread_mode = *mode;
    *mode = before;
    return CUDA_SUCCESS;
}

static CUresult begin(CUstream stream, int mode)
{
    struct capture *capture;
    struct gpu *gpu;

    GUARDED;
    TRY(stream_gpu(stream, &gpu));
    capture = (uintptr_t)stream > 2 && !of(stream) ? of(0) : 0;
    if (!capture)
        return CUDA_ERROR_INVALID_VALUE;
    *capture = (struct capture){.stream = stream, .mode = mode};
    return CUDA_SUCCESS;
}
EXPORT CUresult cuStreamBeginCapture_v2(CUstream stream, int mode) { return begin(stream, mode); }
EXPORT CUresult cuStreamBeginCapture_v2_ptsz(CUstream stream, int mode) { return begin(stream, mode); }

static CUresult is_capturing(CUstream stream, int *status)
{
    struct capture *capture;
    struct gpu *gpu;

    GUARDED;
    TRY(stream_gpu(stream, &gpu));
    for (unsigned i = 0; i < AT_ONCE && (uintptr_t)stream <= 1; i++)
        if (captures[i].stream)
            return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
    capture = (uintptr_t)stream > 2 ? of(stream) : 0;
    *status = !capture ? CU_STREAM_CAPTURE_STATUS_NONE : capture->broken ? CU_STREAM_CAPTURE_STATUS_INVALIDATED : CU_STREAM_CAPTURE_STATUS_ACTIVE;
    return CUDA_SUCCESS;
}
EXPORT CUresult cuStreamIsCapturing(CUstream stream, int *status) { return is_capturing(stream, status); }
EXPORT CUresult cuStreamIsCapturing_ptsz(CUstream stream, int *status) { return is_capturing(stream, status); }

static CUresult take(CUstream stream, struct capture *taken)
{
    struct capture *capture;

    GUARDED;
    capture = (uintptr_t)stream > 2 ? of(stream) : 0;
    if (!capture)
        return CUDA_ERROR_INVALID_VALUE;
    *taken = *capture;
    capture->stream = 0;
    return taken->broken ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED : CUDA_SUCCESS;
}

static CUresult fill(CUgraph handle, const struct capture *capture)
{
    struct graph *graph;
    struct node *node;

    GUARDED;
    graph = object_get(handle, GRAPH);
    node = object_new(NODE, sizeof *node);
    if (!graph || !node)
        return CUDA_ERROR_OUT_OF_MEMORY;
    node->step = (struct step){.type = CU_GRAPH_NODE_TYPE_KERNEL, .us = capture->us};
    *graph->end = node;
    graph->end = &node->next;
    return CUDA_SUCCESS;
}

CUresult cuGraphCreate(CUgraph *graph, unsigned flags);
static CUresult end(CUstream stream, CUgraph *graph)
{
    struct capture capture;

    *graph = 0;
    TRY(take(stream, &capture));
    TRY(cuGraphCreate(graph, 0));
    return capture.launches ? fill(*graph, &capture) : CUDA_SUCCESS;
}
EXPORT CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph) { return end(stream, graph); }
EXPORT CUresult cuStreamEndCapture_ptsz(CUstream stream, CUgraph *graph) { return end(stream, graph); }
