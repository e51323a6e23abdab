/* Streams and events. All streams of a device share its one queue, so order between them is the order of the calls. */
#include "double.h"

struct stream {
    struct object base;
    CUcontext context;
    struct gpu *gpu;
};

struct event {
    struct object base;
    uint64_t done_ns; /* 0: never recorded */
};

/* 0, 1 (legacy) and 2 (per thread) are no handles but the current context's own streams. */
CUresult stream_gpu(CUstream handle, struct gpu **gpu)
{
    struct context *context;
    struct stream *stream;

    if (faulted)
        return CUDA_ERROR_ILLEGAL_ADDRESS;
    if ((uintptr_t)handle <= 2) {
        TRY(current_context(&context));
        *gpu = context->gpu;
        return CUDA_SUCCESS;
    }
    stream = object_get(handle, STREAM);
    if (!stream)
        return CUDA_ERROR_INVALID_HANDLE;
    if (!object_get(stream->context, CONTEXT))
        return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    *gpu = stream->gpu;
    return CUDA_SUCCESS;
}

static CUresult create(CUstream *handle)
{
    struct context *context;
    struct stream *stream;

    GUARDED;
    TRY(current_context(&context));
    if (!handle)
        return CUDA_ERROR_INVALID_VALUE;
    stream = object_new(STREAM, sizeof *stream);
    if (!stream)
        return CUDA_ERROR_OUT_OF_MEMORY;
    stream->context = HANDLE(context);
    stream->gpu = context->gpu;
    *handle = HANDLE(stream);
    return CUDA_SUCCESS;
}
EXPORT CUresult cuStreamCreate(CUstream *stream, unsigned flags) { return (void)flags, create(stream); }
EXPORT CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned flags, int priority) { return (void)flags, (void)priority, create(stream); }

EXPORT CUresult cuStreamDestroy_v2(CUstream handle)
{
    struct stream *stream;

    GUARDED;
    stream = object_get(handle, STREAM);
    if (!stream)
        return CUDA_ERROR_INVALID_HANDLE;
    object_free(stream);
    return CUDA_SUCCESS;
}

static CUresult get_context(CUstream handle, CUcontext *of)
{
    struct stream *stream = 0;
    struct context *context;
    struct gpu *gpu;

    GUARDED;
    if (!of)
        return CUDA_ERROR_INVALID_VALUE;
    TRY(stream_gpu(handle, &gpu));
    stream = object_get(handle, STREAM);
    if (!stream)
        TRY(current_context(&context));
    *of = stream ? stream->context : HANDLE(context);
    return CUDA_SUCCESS;
}
EXPORT CUresult cuStreamGetCtx(CUstream stream, CUcontext *context) { return get_context(stream, context); }
EXPORT CUresult cuStreamGetCtx_ptsz(CUstream stream, CUcontext *context) { return get_context(stream, context); }

static CUresult end_of(CUstream stream, uint64_t *ns, int synchronises)
{
    struct gpu *gpu;

    GUARDED;
    TRY(stream_gpu(stream, &gpu));
    *ns = gpu->busy_until_ns;
    if (synchronises)
        release_pools(gpu);
    return CUDA_SUCCESS;
}

static CUresult synchronise(CUstream stream)
{
    uint64_t ns;

    TRY(end_of(stream, &ns, 1));
    wait_until(ns);
    return CUDA_SUCCESS;
}
EXPORT CUresult cuStreamSynchronize(CUstream stream) { return synchronise(stream); }
EXPORT CUresult cuStreamSynchronize_ptsz(CUstream stream) { return synchronise(stream); }
EXPORT CUresult cuCtxSynchronize(void) { return synchronise(0); }

static CUresult query(CUstream stream)
{
    uint64_t ns;

    TRY(end_of(stream, &ns, 0));
    return ns > now_ns() ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}
EXPORT CUresult cuStreamQuery(CUstream stream) { return query(stream); }
EXPORT CUresult cuStreamQuery_ptsz(CUstream stream) { return query(stream); }

EXPORT CUresult cuEventCreate(CUevent *handle, unsigned flags)
{
    struct context *context;
    struct event *event;

    (void)flags;
    GUARDED;
    TRY(current_context(&context));
    if (!handle)
        return CUDA_ERROR_INVALID_VALUE;
    event = object_new(EVENT, sizeof *event);
    if (!event)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *handle = HANDLE(event);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuEventDestroy_v2(CUevent handle)
{
    struct event *event;

    GUARDED;
    event = object_get(handle, EVENT);
    if (!event)
        return CUDA_ERROR_INVALID_HANDLE;
    object_free(event);
    return CUDA_SUCCESS;
}

static CUresult record(CUevent handle, CUstream stream)
{
    struct event *event;
    struct gpu *gpu;

    GUARDED;
    TRY(stream_gpu(stream, &gpu));
    event = object_get(handle, EVENT);
    if (!event)
        return CUDA_ERROR_INVALID_HANDLE;
    event->done_ns = gpu->busy_until_ns > now_ns() ? gpu->busy_until_ns : now_ns();
    return CUDA_SUCCESS;
}
EXPORT CUresult cuEventRecord(CUevent event, CUstream stream) { return record(event, stream); }
EXPORT CUresult cuEventRecord_ptsz(CUevent event, CUstream stream) { return record(event, stream); }

static CUresult event_end(CUevent handle, uint64_t *ns)
{
    struct event *event;

    GUARDED;
    if (faulted)
        return CUDA_ERROR_ILLEGAL_ADDRESS;
    TRY(ask_in_capture());
    event = object_get(handle, EVENT);
    if (!event)
        return CUDA_ERROR_INVALID_HANDLE;
    *ns = event->done_ns;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuEventSynchronize(CUevent event)
{
    uint64_t ns;

    TRY(event_end(event, &ns));
    wait_until(ns);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuEventQuery(CUevent event)
{
    uint64_t ns;

    TRY(event_end(event, &ns));
    return ns > now_ns() ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

EXPORT CUresult cuEventElapsedTime(float *ms, CUevent from, CUevent to)
{
    uint64_t a, b;

    TRY(event_end(from, &a));
    TRY(event_end(to, &b));
    if (!ms || !a || !b)
        return CUDA_ERROR_INVALID_HANDLE;
    if (b > now_ns())
        return CUDA_ERROR_NOT_READY;
    *ms = (float)((double)((int64_t)(b - a)) / 1e6);
    return CUDA_SUCCESS;
}

/* One queue a device: what was recorded before is done before. */
static CUresult wait_event(CUstream stream, CUevent event)
{
    struct gpu *gpu;

    GUARDED;
    TRY(stream_gpu(stream, &gpu));
    return object_get(event, EVENT) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}
EXPORT CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned flags) { return (void)flags, wait_event(stream, event); }
EXPORT CUresult cuStreamWaitEvent_ptsz(CUstream stream, CUevent event, unsigned flags) { return (void)flags, wait_event(stream, event); }
