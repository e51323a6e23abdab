using Headroom.Testing;

namespace Headroom.Tests.Fakes;

public sealed class NvmlEventTests
{
    private const ulong Xid = 8;

    [Fact]
    public void An_XID_is_delivered_once_and_then_the_wait_times_out()
    {
        using var machine = FakeMachine.TwoH100();
        using var nvml = RawNvml.Open(machine);
        var set = CreateSet(nvml, machine.Gpus.Select(gpu => nvml.Device(gpu.Index)));

        machine.RaiseXid(1, 79);

        Assert.Equal((Nvml.Success, nvml.Device(1), Xid, 79ul), Wait(nvml, set, timeoutMs: 5_000));
        Assert.Equal(Nvml.Timeout, Wait(nvml, set, timeoutMs: 1).Code);
        Assert.Equal(1, machine.EventsDelivered);
    }

    [Fact]
    public async Task A_wait_that_is_under_way_ends_with_the_event()
    {
        using var machine = FakeMachine.OneH100();
        using var nvml = RawNvml.Open(machine);
        var set = CreateSet(nvml, [nvml.Device(0)]);
        var wait = Task.Run(() => Wait(nvml, set, timeoutMs: 60_000));
        await Eventually.TrueAsync(() => machine.Calls(NvmlCall.EventSetWait_v2) == 1);

        machine.RaiseXid(0, 31);

        Assert.Equal(31ul, (await wait.WaitAsync(Eventually.DefaultDeadline)).Data);
    }

    [Fact]
    public void Events_of_a_GPU_or_a_type_that_nobody_registered_are_not_delivered()
    {
        using var machine = FakeMachine.TwoH100();
        using var nvml = RawNvml.Open(machine);
        var set = CreateSet(nvml, [nvml.Device(0)]);

        machine.RaiseXid(1, 79);
        machine.Raise(0, type: 0x4, data: 0);
        Assert.Equal(Nvml.Timeout, Wait(nvml, set, timeoutMs: 1).Code);
        machine.RaiseXid(0, 43);
        Assert.Equal(43ul, Wait(nvml, set, timeoutMs: 5_000).Data);
    }

    [Fact]
    public void A_lost_GPU_ends_every_wait_at_once()
    {
        using var machine = FakeMachine.TwoH100();
        using var nvml = RawNvml.Open(machine);
        var set = CreateSet(nvml, machine.Gpus.Select(gpu => nvml.Device(gpu.Index)));
        machine.RaiseXid(0, 79);
        machine.Gpu(0).Lost = true;

        Assert.Equal(79ul, Wait(nvml, set, timeoutMs: 5_000).Data); // what came before is still told
        Assert.Equal(Nvml.GpuIsLost, Wait(nvml, set, timeoutMs: 60_000).Code);
    }

    [Fact]
    public void Unsupported_types_are_refused_and_sets_can_be_freed()
    {
        using var machine = FakeMachine.OneH100();
        using var nvml = RawNvml.Open(machine);
        var set = CreateSet(nvml, []);

        Assert.Equal(Xid, nvml.Gauge64("nvmlDeviceGetSupportedEventTypes", nvml.Device(0)) & Xid);
        Assert.Equal(Nvml.NotSupported, nvml.Call("nvmlDeviceRegisterEvents", nvml.Device(0), 0x8000, set));
        Assert.Equal(1, machine.LiveEventSets);
        Assert.Equal(Nvml.Success, nvml.Call("nvmlEventSetFree", set));
        Assert.Equal(0, machine.LiveEventSets);
        Assert.Equal(Nvml.InvalidArgument, Wait(nvml, set, timeoutMs: 1).Code);
    }

    private static nint CreateSet(RawNvml nvml, IEnumerable<nint> devices)
    {
        using var set = new Native(8);
        Assert.Equal(Nvml.Success, nvml.Call("nvmlEventSetCreate", set));
        foreach (var device in devices)
            Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceRegisterEvents", device, (nint)Xid, set.Pointer(0)));
        return set.Pointer(0);
    }

    private static (int Code, nint Device, ulong Type, ulong Data) Wait(RawNvml nvml, nint set, int timeoutMs)
    {
        using var data = new Native(32);
        return (nvml.Call("nvmlEventSetWait_v2", set, data, timeoutMs), data.Pointer(0), data.U64(8), data.U64(16));
    }
}
