using Headroom.Testing;

namespace Headroom.Tests.Fakes;

public sealed class NvmlProcessUtilizationTests
{
    private const string Old = "nvmlDeviceGetProcessUtilization";
    private const string New = "nvmlDeviceGetProcessesUtilizationInfo";

    [Fact]
    public void The_first_call_asks_for_room_for_100()
    {
        using var machine = FakeMachine.OneH100();
        using var nvml = RawNvml.Open(machine);
        using var count = new Native(4);

        Assert.Equal(Nvml.InsufficientSize, nvml.Call(Old, nvml.Device(0), 0, count, 0));
        Assert.Equal(100u, count.U32(0));
        using var info = new Native(24);
        Assert.Equal(Nvml.InsufficientSize, nvml.Call(New, nvml.Device(0), info.Set(0, 0x01000018u)));
        Assert.Equal(100u, info.U32(4));
    }

    [Fact]
    public void An_idle_GPU_has_no_samples()
    {
        using var machine = FakeMachine.OneH100();
        machine.Gpu(0).Processes.Add(1, 10);
        using var nvml = RawNvml.Open(machine);

        var (code, samples) = Read(nvml, lastSeen: 0);

        Assert.Equal(Nvml.NotFound, code);
        Assert.Empty(samples);
    }

    [Fact]
    public void Only_samples_newer_than_asked_come_back()
    {
        using var machine = FakeMachine.OneH100();
        machine.Gpu(0).Processes.Add(1, 10, sm: 40, memory: 7).SampledUs = 1_000;
        machine.Gpu(0).Processes.Add(2, 10, sm: 50).SampledUs = 2_000;
        using var nvml = RawNvml.Open(machine);

        var (code, samples) = Read(nvml, lastSeen: 1_000);

        Assert.Equal(Nvml.Success, code);
        Assert.Equal([new(2, 2_000, 50, 0)], samples);
        Assert.Equal([new(1, 1_000, 40, 7), new Sample(2, 2_000, 50, 0)], Read(nvml, lastSeen: 0).Samples);
        Assert.Equal(Nvml.NotFound, Read(nvml, lastSeen: 2_000).Code);
    }

    [Fact]
    public void Stale_and_garbage_samples_and_those_of_dead_processes_come_back_too()
    {
        using var machine = FakeMachine.OneH100();
        var processes = machine.Gpu(0).Processes;
        var stale = processes.Add(1, 10, sm: 90);
        (stale.SampledUs, stale.StaleSample) = (500, true);
        var garbage = processes.Add(2, 10);
        (garbage.SampledUs, garbage.GarbageSample) = (2_000, true);
        processes.Add(999_999, 0, sm: 30, kinds: FakeProcessKinds.None).SampledUs = 2_000;
        using var nvml = RawNvml.Open(machine);

        Sample[] expected = [new(1, 500, 90, 0), new(2, 2_000, 2147483632, 200), new(999_999, 2_000, 30, 0)];
        Assert.Equal(expected, Read(nvml, lastSeen: 1_000).Samples);
        Assert.Equal(expected, ReadNew(nvml, lastSeen: 1_000).Samples);
        var (_, count, entries) = nvml.Processes("nvmlDeviceGetComputeRunningProcesses_v3", nvml.Device(0));
        entries.Dispose();
        Assert.Equal(2, count);
    }

    [Fact]
    public void Samples_without_a_time_of_their_own_are_of_now()
    {
        using var machine = FakeMachine.OneH100();
        machine.Gpu(0).Processes.Add(1, 10, sm: 40);
        using var nvml = RawNvml.Open(machine);
        var before = (ulong)(TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalMicroseconds;

        Assert.True(Read(nvml, lastSeen: 0).Samples.Single().TimeUs >= before);
    }

    private sealed record Sample(uint Pid, ulong TimeUs, uint Sm, uint Memory);

    private static (int Code, List<Sample> Samples) Read(RawNvml nvml, ulong lastSeen)
    {
        using var count = new Native(4);
        using var samples = new Native(100 * 32);
        var code = nvml.Call(Old, nvml.Device(0), samples, count.Set(0, 100u), (nint)lastSeen);
        return (code, [.. Enumerable.Range(0, (int)count.U32(0)).Select(i => 32 * i)
            .Select(at => new Sample(samples.U32(at), samples.U64(at + 8), samples.U32(at + 16), samples.U32(at + 20)))]);
    }

    private static (int Code, List<Sample> Samples) ReadNew(RawNvml nvml, ulong lastSeen)
    {
        using var samples = new Native(100 * 40);
        using var info = new Native(24);
        info.Set(0, 0x01000018u).Set(4, 100u).Set(8, lastSeen).Set(16, samples);
        var code = nvml.Call(New, nvml.Device(0), info);
        return (code, [.. Enumerable.Range(0, (int)info.U32(4)).Select(i => 40 * i)
            .Select(at => new Sample(samples.U32(at + 8), samples.U64(at), samples.U32(at + 12), samples.U32(at + 16)))]);
    }
}
