using Headroom.Model;
using Headroom.Testing;

namespace Headroom.Tests.Observe.Gpus;

/// <summary>The traps of the driver's process lists.</summary>
public sealed class NvmlProcessTests
{
    private const long MiB = 1024 * 1024;
    private static readonly int Self = Environment.ProcessId;

    [Fact]
    public async Task The_list_grows_while_it_is_read()
    {
        using var machine = FakeMachine.OneH100();
        for (var i = 0; i < 60; i++)
            machine.Gpu(0).Processes.Add(70_000 + i, i * MiB);
        machine.Gpu(0).Growth = 2;
        await using var nvml = new RunningNvml(machine);

        var gpu = nvml.Gpu();

        Assert.Equal(60, gpu.Processes!.Count);
        Assert.Equal(0, machine.Gpu(0).Growth);
        Assert.Equal(Enumerable.Range(0, 60).Sum(i => i * MiB), gpu.Processes.Sum(p => p.UsedBytes!.Value));
    }

    [Fact]
    public async Task An_early_535_driver_writes_32_bytes_an_entry()
    {
        using var machine = FakeMachine.TwoH100(NvmlVariant.R535);
        for (var i = 0; i < 5; i++)
            machine.Gpu(0).Processes.Add(70_000 + i, (i + 1) * MiB);
        await using var nvml = new RunningNvml(machine);

        Assert.Equal(
            Enumerable.Range(0, 5).Select(i => (70_000 + i, (long?)((i + 1) * MiB))),
            nvml.Gpu().Processes!.Select(p => (p.Pid, p.UsedBytes)).Order());
    }

    [Fact]
    public async Task Memory_that_the_driver_does_not_tell_is_unknown_and_never_summed()
    {
        using var machine = FakeMachine.OneH100();
        machine.Gpu(0).Processes.Add(Self, null);
        await using var nvml = new RunningNvml(machine);
        Assert.Null(Assert.Single(nvml.Gpu().Processes!).UsedBytes);
    }

    [Fact]
    public async Task A_client_in_the_compute_and_the_MPS_list_is_one_process()
    {
        using var machine = FakeMachine.OneH100();
        machine.Gpu(0).Processes.Add(Self, 100 * MiB, kinds: FakeProcessKinds.Compute | FakeProcessKinds.Mps);
        await using var nvml = new RunningNvml(machine);

        var process = Assert.Single(nvml.Gpu().Processes!);
        Assert.Equal((100 * MiB, GpuProcessKinds.Compute | GpuProcessKinds.Mps), (process.UsedBytes, process.Kinds));
    }

    [Theory]
    [InlineData(nameof(NvmlVariant.Full))]
    [InlineData(nameof(NvmlVariant.R535))]
    public async Task Garbage_and_stale_samples_are_no_use_and_a_busy_neighbour_is_still_seen(string variant)
    {
        using var machine = FakeMachine.TwoH100(Enum.Parse<NvmlVariant>(variant));
        var processes = machine.Gpu(0).Processes;
        processes.Add(70_001, MiB, sm: 40);
        processes.Add(70_002, MiB, sm: 50).GarbageSample = true;
        var stale = processes.Add(70_003, MiB, sm: 60);
        (stale.SampledUs, stale.StaleSample) = (1, true);
        processes.Add(70_004, MiB); // idle: the driver has no sample
        processes.Add(70_005, MiB, sm: 99, kinds: FakeProcessKinds.None); // ended: only the samples still know it
        await using var nvml = new RunningNvml(machine);

        Assert.Equal(
            [(70_001, 0.4), (70_002, 0), (70_003, 0), (70_004, 0)],
            nvml.Gpu().Processes!.Select(p => (p.Pid, p.Use!.Value.Sm)).Order());
    }

    [Fact]
    public async Task An_idle_GPU_answers_NOT_FOUND_and_that_means_zero()
    {
        using var machine = FakeMachine.OneH100();
        machine.Gpu(0).Processes.Add(Self, MiB);
        await using var nvml = new RunningNvml(machine);
        Assert.Equal(0, Assert.Single(nvml.Gpu().Processes!).Use?.Sm);
    }

    [Fact]
    public async Task Without_permission_the_list_is_unknown_and_the_rest_goes_on()
    {
        using var machine = FakeMachine.OneH100();
        machine.Gpu(0).MemoryUsedBytes = 7 * MiB;
        foreach (var call in new[]
                 {
                     NvmlCall.DeviceGetComputeRunningProcesses_v3, NvmlCall.DeviceGetGraphicsRunningProcesses_v3,
                     NvmlCall.DeviceGetMPSComputeRunningProcesses_v3,
                 })
            machine.Fault(call, code: 4);
        await using var nvml = new RunningNvml(machine);

        var gpu = nvml.Gpu();
        Assert.Null(gpu.Processes);
        Assert.Equal(7 * MiB, gpu.Memory.Known()?.UsedBytes);
    }

    [Fact]
    public async Task Each_process_is_told_with_its_name_and_its_container()
    {
        using var machine = FakeMachine.OneH100();
        machine.Gpu(0).Processes.Add(Self, MiB);
        await using var nvml = new RunningNvml(machine);

        var process = Assert.Single(nvml.Gpu().Processes!);
        Assert.Equal(File.ReadAllText("/proc/self/comm").Trim(), process.Command);
        Assert.Equal(Headroom.Observe.Workloads.ContainerIdParser.Parse(File.ReadAllText("/proc/self/cgroup")), process.ContainerId);
    }
}
