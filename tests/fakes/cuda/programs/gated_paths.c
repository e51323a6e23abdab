/* Every way to launch, by every way to find it: held while the gate is closed, and through once it opens. */
#include "gated.h"

static CUfunction function;
static CUdeviceptr memory;
static CUgraphExec executable;
static char host[64];
static unsigned no_us;
static void *values[] = {&no_us};

#define GRID CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream, void **
/* Name, CUDA version to ask for, ending of its symbol, ending of its twin for the per-thread default stream (0: none), parameters, arguments. */
#define PATHS(X) \
    X(cuLaunchKernel, 12000, "", "_ptsz", (GRID, void **), (function, 1, 1, 1, 1, 1, 1, 0, 0, values, 0)) \
    X(cuLaunchKernelEx, 12000, "", "_ptsz", (const CUlaunchConfig *, CUfunction, void **, void **), (&(CUlaunchConfig){.hStream = stream}, function, values, 0)) \
    X(cuLaunchCooperativeKernel, 12000, "", "_ptsz", (GRID), (function, 1, 1, 1, 1, 1, 1, 0, stream, values)) \
    X(cuLaunchCooperativeKernelMultiDevice, 12000, "", 0, (void *, unsigned, unsigned), (host, 1, 0)) \
    X(cuLaunch, 12000, "", 0, (CUfunction), (function)) \
    X(cuLaunchGrid, 12000, "", 0, (CUfunction, int, int), (function, 1, 1)) \
    X(cuLaunchGridAsync, 12000, "", 0, (CUfunction, int, int, CUstream), (function, 1, 1, stream)) \
    X(cuGraphLaunch, 12000, "", "_ptsz", (CUgraphExec, CUstream), (executable, stream)) \
    FOUR(X, cuMemcpy, "", (CUdeviceptr, CUdeviceptr, size_t), (memory, memory, 8), (CUdeviceptr, CUdeviceptr, size_t, CUstream), (memory, memory, 8, stream)) \
    FOUR(X, cuMemcpyHtoD, "_v2", (CUdeviceptr, const void *, size_t), (memory, host, 8), (CUdeviceptr, const void *, size_t, CUstream), (memory, host, 8, stream)) \
    FOUR(X, cuMemcpyDtoH, "_v2", (void *, CUdeviceptr, size_t), (host, memory, 8), (void *, CUdeviceptr, size_t, CUstream), (host, memory, 8, stream)) \
    FOUR(X, cuMemcpyDtoD, "_v2", (CUdeviceptr, CUdeviceptr, size_t), (memory, memory, 8), (CUdeviceptr, CUdeviceptr, size_t, CUstream), (memory, memory, 8, stream)) \
    FOUR(X, cuMemcpyPeer, "", (CUdeviceptr, CUcontext, CUdeviceptr, CUcontext, size_t), (memory, context, memory, context, 8), \
        (CUdeviceptr, CUcontext, CUdeviceptr, CUcontext, size_t, CUstream), (memory, context, memory, context, 8, stream)) \
    FOUR(X, cuMemcpyHtoA, "_v2", (CUarray, size_t, const void *, size_t), (0, 0, host, 8), (CUarray, size_t, const void *, size_t, CUstream), (0, 0, host, 8, stream)) \
    FOUR(X, cuMemcpyAtoH, "_v2", (void *, CUarray, size_t, size_t), (host, 0, 0, 8), (void *, CUarray, size_t, size_t, CUstream), (host, 0, 0, 8, stream)) \
    FOUR(X, cuMemcpy2D, "_v2", (const void *), (host), (const void *, CUstream), (host, stream)) \
    FOUR(X, cuMemcpy3D, "_v2", (const void *), (host), (const void *, CUstream), (host, stream)) \
    FOUR(X, cuMemcpy3DPeer, "", (const void *), (host), (const void *, CUstream), (host, stream)) \
    X(cuMemcpyDtoA, 12000, "_v2", "_ptds", (CUarray, size_t, CUdeviceptr, size_t), (0, 0, memory, 8)) \
    X(cuMemcpyAtoD, 12000, "_v2", "_ptds", (CUdeviceptr, CUarray, size_t, size_t), (memory, 0, 0, 8)) \
    X(cuMemcpyAtoA, 12000, "_v2", "_ptds", (CUarray, size_t, CUarray, size_t, size_t), (0, 0, 0, 0, 8)) \
    X(cuMemcpy2DUnaligned, 12000, "_v2", "_ptds", (const void *), (host)) \
    X(cuMemcpyBatchAsync, 12080, "", "_ptsz", (CUdeviceptr *, CUdeviceptr *, size_t *, size_t, void *, size_t *, size_t, size_t *, CUstream), \
        (&memory, &memory, 0, 0, 0, 0, 0, 0, stream)) \
    X(cuMemcpyBatchAsync, 13000, "_v2", "_ptsz", (CUdeviceptr *, CUdeviceptr *, size_t *, size_t, void *, size_t *, size_t, CUstream), \
        (&memory, &memory, 0, 0, 0, 0, 0, stream)) \
    X(cuMemcpy3DBatchAsync, 12080, "", "_ptsz", (size_t, void *, size_t *, unsigned long long, CUstream), (0, host, 0, 0, stream)) \
    X(cuMemcpy3DBatchAsync, 13000, "_v2", "_ptsz", (size_t, void *, unsigned long long, CUstream), (0, host, 0, stream)) \
    SET(X, cuMemsetD8, unsigned char) SET(X, cuMemsetD16, unsigned short) SET(X, cuMemsetD32, unsigned) \
    SET2D(X, cuMemsetD2D8, unsigned char) SET2D(X, cuMemsetD2D16, unsigned short) SET2D(X, cuMemsetD2D32, unsigned)
#define FOUR(X, name, v, waiting, to, async, stream_to) X(name, 12000, v, "_ptds", waiting, to) X(name##Async, 12000, v, "_ptsz", async, stream_to)
#define SET(X, name, type) \
    X(name, 12000, "_v2", "_ptds", (CUdeviceptr, type, size_t), (memory, 0, 8)) X(name##Async, 12000, "", "_ptsz", (CUdeviceptr, type, size_t, CUstream), (memory, 0, 8, stream))
#define SET2D(X, name, type) \
    X(name, 12000, "_v2", "_ptds", (CUdeviceptr, size_t, type, size_t, size_t), (memory, 8, 0, 1, 1)) \
    X(name##Async, 12000, "", "_ptsz", (CUdeviceptr, size_t, type, size_t, size_t, CUstream), (memory, 8, 0, 1, 1, stream))

#define CALL(name, version, v, twin, parameters, arguments) \
    static CUresult call_##name##_##version(void *f) { return ((CUresult(*) parameters)f) arguments; }
PATHS(CALL)
#undef CALL

static const struct path {
    const char *name;
    int version;
    const char *v, *twin;
    CUresult (*call)(void *);
} paths[] = {
#define ROW(name, version, v, twin, parameters, arguments) {#name, version, v, twin, call_##name##_##version},
    PATHS(ROW)
#undef ROW
};

/* NULL: as it should be. */
static const char *held_and_passed(const struct path *path, void *found)
{
    uint64_t before = queue().launches;
    struct held_call held;

    if (!found)
        return "not found";
    put_gate(HR_GATE_CLOSED, 8, 20000);
    start(&held, path->call, found);
    if (!HOLDS(waiting() == 1 || ended(&held)) || ended(&held))
        return "not held";
    pause_us(500);
    if (ended(&held) || queue().launches != before || passing())
        return "launched while closed";
    put_gate(HR_GATE_OPEN, 8, 20000);
    if (!join(&held))
        return "not let go";
    return held.result ? error_name(held.result) : queue().launches != before + 1 ? "not launched once" : 0;
}

void every_path(void)
{
    CUmodule module;
    CUgraph graph;

    MUST(cuMemAlloc(&memory, MIB));
    MUST(cuModuleLoadData(&module, "busy"));
    MUST(cuModuleGetFunction(&function, module, "busy_us"));
    MUST(cuGraphCreate(&graph, 0));
    MUST(cuGraphInstantiateWithFlags(&executable, graph, 0));
    for (unsigned i = 0; i < sizeof paths / sizeof *paths; i++) {
        const struct path *path = &paths[i];
        char symbol[64], twin[80], wrong[300] = "";
        const char *why;

        snprintf(symbol, sizeof symbol, "%s%s", path->name, path->v);
        snprintf(twin, sizeof twin, "%s%s", symbol, path->twin ? path->twin : "");
        const struct { const char *way; void *found; } ways[] = {
            {"cuGetProcAddress", driver_call(path->name, path->version, 0, BY_PROC_ADDRESS)},
            {"cuGetProcAddress, per thread", driver_call(path->name, path->version, 0, BY_PROC_ADDRESS_PER_THREAD)},
            {"dlsym", driver_call(0, 0, symbol, BY_DLSYM)},
            {"dlsym of its twin", driver_call(0, 0, twin, BY_DLSYM)},
            {"exported", dlsym(RTLD_DEFAULT, symbol)},
        };
        for (unsigned w = 0; w < sizeof ways / sizeof *ways; w++)
            if ((why = held_and_passed(path, ways[w].found)))
                snprintf(wrong + strlen(wrong), sizeof wrong - strlen(wrong), " %s: %s;", ways[w].way, why);
        check(!*wrong, "%s is held while closed and passes after, found by five ways%s", symbol, wrong);
    }
}
