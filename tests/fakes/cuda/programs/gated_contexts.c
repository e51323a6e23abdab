/* Captures of graphs, contexts and streams that come and go, under the gate. */
#include "gated.h"

void capture(void)
{
    struct headroom_cuda_queue before, after;
    struct hr_process *slot = slot_of(getpid());
    CUstream captured, other;
    struct held_call held;
    CUgraphExec executable;
    CUgraph graph = 0;
    uint64_t passed;

    must(DRIVER(cuStreamCreate, (CUstream *, unsigned))(&captured, 0), "stream");
    must(DRIVER(cuStreamCreate, (CUstream *, unsigned))(&other, 0), "stream");
    put_gate(HR_GATE_OPEN, 2, 20000);
    MUST(cuCtxSynchronize());
    must(DRIVER(cuStreamBeginCapture_v2, (CUstream, int))(captured, CU_STREAM_CAPTURE_MODE_GLOBAL), "capture");
    before = queue();
    /* Meanwhile another stream comes to the cap: what is asked there must not break the capture. */
    for (int i = 0; i < 8; i++)
        must(launch_on(other, 300), "launch beside a capture");
    put_gate(HR_GATE_CLOSED, 2, 20000);
    passed = slot->gate_passed;
    uint64_t begin = steady_ns();
    for (int i = 0; i < 5; i++)
        must(launch_on(captured, 50), "launch in a capture");
    must(DRIVER(cuMemsetD8Async, (CUdeviceptr, unsigned char, size_t, CUstream))(0, 0, 0, captured), "set in a capture");
    check(ms(begin, steady_ns()) < 10000 && slot->gate_passed == passed && queue().launches == before.launches + 8, "launches in a capture are neither held nor counted");
    start(&held, kernel, 0); /* held, and asking for the drain */
    HOLDS(waiting() == 1);
    pause_us(5000);
    CUresult result = DRIVER(cuStreamEndCapture, (CUstream, CUgraph *))(captured, &graph);
    check(result == 0, "the capture is whole: %s", error_name(result));
    MUST(cuGraphInstantiateWithFlags(&executable, graph, 0));
    put_gate(HR_GATE_OPEN, 2, 20000);
    join(&held);
    put_gate(HR_GATE_CLOSED, 2, 20000);
    start(&held, (CUresult(*)(void *))(void *)cuda.cuGraphLaunch, executable);
    wait_held(&held);
    put_gate(HR_GATE_OPEN, 2, 20000);
    check(join(&held), "its graph's launch is held");
    after = queue();
    check(after.us[0] == 250, "and runs all of it: %lu us", after.us[0]);
}

static CUresult in_context(void *its)
{
    MUST(cuCtxSetCurrent(its));
    for (int i = 0; i < 4; i++) {
        CUresult result = launch_on(0, 300000);
        if (result)
            return result;
    }
    return CUDA_SUCCESS;
}

void contexts(void)
{
    struct held_call held;
    CUcontext made;

    for (int closed = 0; closed < 2; closed++) {
        MUST(cuCtxCreate(&made, 0, 0));
        MUST(cuCtxSetCurrent(context));
        put_gate(closed ? HR_GATE_CLOSED : HR_GATE_OPEN, 2, 20000);
        start(&held, in_context, made);
        check(HOLDS(closed ? waiting() == 1 : queue().queued == 2), "a thread waits %s", closed ? "at the gate" : "for a place");
        pause_us(1000);
        uint64_t begin = steady_ns();
        MUST(cuCtxDestroy(made));
        check(ms(begin, steady_ns()) < 500, "its context can be destroyed meanwhile: %.1f ms", ms(begin, steady_ns()));
        put_gate(HR_GATE_OPEN, 2, 20000);
        bool heard = join(&held) && held.result != CUDA_SUCCESS;
        check(heard, "and it hears so: %s", error_name(held.result));
        MUST(cuCtxSynchronize());
    }
    /* The same address again and again: another context's events must not be asked for. */
    for (int i = 0; i < 100; i++) {
        MUST(cuCtxCreate(&made, 0, 0));
        for (int n = 0; n < 5; n++)
            must(launch_on(0, 1), "launch in a new context");
        MUST(cuCtxDestroy(made));
        MUST(cuCtxSetCurrent(context));
    }
    check(slot_of(getpid())->books[0].gate_in_flight < 100, "a hundred contexts come and go");
    must(kernel(0), "launch after them");
    CUstream own;
    for (int i = 0; i < 100; i++) {
        must(DRIVER(cuStreamCreate, (CUstream *, unsigned))(&own, 0), "stream");
        for (int n = 0; n < 5; n++)
            must(launch_on(own, 20), "launch on a new stream");
        must(DRIVER(cuStreamDestroy_v2, (CUstream))(own), "destroy");
    }
    check(!launch_on(0, 0), "a hundred streams come and go with launches in flight");
    MUST(cuCtxSynchronize());
}
