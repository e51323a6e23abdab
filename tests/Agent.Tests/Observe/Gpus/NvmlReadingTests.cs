using Headroom.Model;
using Headroom.Testing;

namespace Headroom.Tests.Observe.Gpus;

/// <summary>What is read of a healthy driver, new and old, through the real native path.</summary>
public sealed class NvmlReadingTests
{
    private const long MiB = 1024 * 1024;
    private static readonly int Self = Environment.ProcessId;

    [Fact]
    public async Task A_new_driver_tells_everything()
    {
        using var machine = FakeMachine.OneH100();
        var fake = machine.Gpu(0);
        (fake.MemoryUsedBytes, fake.UtilizationPercent, fake.MemoryUtilizationPercent) = (30_000 * MiB, 73, 41);
        (fake.EncoderPercent, fake.DecoderPercent) = (5, 7);
        (fake.PowerMilliwatts, fake.EnergyMillijoules, fake.ThrottleBits) = (431_500, 9_000_500, 0x4 | 0x20);
        (fake.PcieTransmitBytes, fake.PcieReceiveBytes, fake.PcieReplays) = (111, 222, 3);
        (fake.NvLinkTransmitKib, fake.NvLinkReceiveKib) = (5, 6);
        (fake.EccCorrected, fake.EccUncorrected, fake.EccCorrectedLifetime, fake.EccUncorrectedLifetime) = (1, 2, 10, 20);
        (fake.RemappedCorrected, fake.RemappedUncorrected, fake.RemapPending, fake.RecoveryAction) = (4, 5, true, 1);
        await using var nvml = new RunningNvml(machine);

        var sweep = nvml.Sweep(s => s.Gpus[0].Activity.Gpm is not null || machine.GpmMinInterval > TimeSpan.Zero);
        var gpu = nvml.Gpu(0);

        Assert.Equal(new DriverInfo("nvml", "580.95.05", sweep.Driver.NvmlVersion, "13.0"), sweep.Driver);
        Assert.Equal(("NVIDIA H100 80GB HBM3", "Hopper", "9.0", false),
            (gpu.Identity.Name, gpu.Identity.Architecture, gpu.Identity.ComputeCapability, gpu.Identity.MigEnabled));
        Assert.Equal(fake.Uuid, gpu.Identity.Uuid);
        Assert.Equal(fake.PciBusId, gpu.Identity.PciBusId);
        Assert.Equal(new GpuMemory(81_559 * MiB, 551 * MiB, 30_000 * MiB, (81_559 - 551 - 30_000) * MiB), gpu.Memory.Known());
        Assert.Equal((0.73, 0.41, 0.05, 0.07),
            (gpu.Activity.Utilization.Known(), gpu.Activity.MemoryUtilization.Known(), gpu.Activity.Encoder.Known(), gpu.Activity.Decoder.Known()));
        Assert.Equal((431.5, 700.0, 9000.5), (gpu.Power.Watts.Known(), gpu.Power.LimitWatts.Known(), gpu.Power.EnergyJoules.Known()));
        Assert.Equal((1.98e9, 2.619e9, 0), (gpu.Power.SmClockHertz.Known(), gpu.Power.MemoryClockHertz.Known(), gpu.Power.PerformanceState.Known()));
        Assert.Equal((35.0, 45.0, 50.0), (gpu.Thermal.Celsius.Known(), gpu.Thermal.MemoryCelsius.Known(), gpu.Thermal.MarginCelsius.Known()));
        Assert.Equal(0x24UL, gpu.Thermal.ThrottleReasonBits.Known());
        Assert.Equal((1L, 2L, 10L, 20L), (gpu.Reliability.EccCorrected.Known(), gpu.Reliability.EccUncorrected.Known(),
            gpu.Reliability.EccCorrectedLifetime.Known(), gpu.Reliability.EccUncorrectedLifetime.Known()));
        Assert.Equal((4L, 5L, 1, 0), (gpu.Reliability.RemappedRowsCorrectable.Known(), gpu.Reliability.RemappedRowsUncorrectable.Known(),
            gpu.Reliability.RemapPending.Known(), gpu.Reliability.RemapFailed.Known()));
        Assert.Equal((3L, 1), (gpu.Reliability.PcieReplays.Known(), gpu.Reliability.RecoveryAction.Known()));
        Assert.Equal((111L, 222L, 5 * 1024L, 6 * 1024L), (gpu.Links.PcieTransmitBytes.Known(), gpu.Links.PcieReceiveBytes.Known(),
            gpu.Links.NvLinkTransmitBytes.Known(), gpu.Links.NvLinkReceiveBytes.Known()));
        Assert.Equal((5, 16), (gpu.Links.PcieGeneration.Known(), gpu.Links.PcieWidth.Known()));
        Assert.Equal(ReadingState.Unsupported, gpu.Thermal.FanRatio.State);
    }

    [Fact]
    public async Task Hopper_tells_SM_use_by_GPM_and_a_NaN_is_no_reading()
    {
        using var machine = FakeMachine.OneH100();
        machine.Gpu(0).SetGpm(3, double.NaN);
        await using var nvml = new RunningNvml(machine, RunningNvml.Quick with { Interval = TimeSpan.FromMilliseconds(110) });

        var gpm = nvml.Gpu(until: g => g.Activity.Gpm is not null).Activity.Gpm!;

        Assert.Equal((0.4, 0.2, 0.3, 0.02), (gpm.SmActive.Known(), gpm.TensorActive.Known(), gpm.DramBandwidth.Known(), gpm.ContextSwitch.Known()));
        Assert.Equal(ReadingState.Failed, gpm.SmOccupancy.State);
    }

    [Fact]
    public async Task An_old_driver_without_half_the_functions_tells_what_it_has_and_nothing_made_up()
    {
        using var machine = FakeMachine.TwoA100(NvmlVariant.R470);
        var fake = machine.Gpu(0);
        (fake.MemoryUsedBytes, fake.ThrottleBits) = (10_000 * MiB, 0x1);
        fake.Processes.Add(Self, 4_000 * MiB, sm: 25);
        await using var nvml = new RunningNvml(machine);

        var gpu = nvml.Gpu(0);

        // Memory v1 counts what the driver reserves as used.
        Assert.Equal(new GpuMemory(40_960 * MiB, 0, 10_424 * MiB, (40_960 - 10_424) * MiB), gpu.Memory.Known());
        Assert.Equal((35.0, 0x1UL), (gpu.Thermal.Celsius.Known(), gpu.Thermal.ThrottleReasonBits.Known()));
        Assert.Equal(ReadingState.Unsupported, gpu.Thermal.MarginCelsius.State);
        Assert.Equal(ReadingState.Unsupported, gpu.Links.PcieTransmitBytes.State);
        Assert.Null(gpu.Activity.Gpm);
        var process = Assert.Single(gpu.Processes!);
        Assert.Equal((Self, 4_000 * MiB, 0.25), (process.Pid, process.UsedBytes, process.Use?.Sm));
    }

    [Fact]
    public async Task What_a_GPU_does_not_support_is_asked_once_and_never_again()
    {
        using var machine = FakeMachine.OneH100();
        machine.Fault(NvmlCall.DeviceGetPowerUsage, 0, code: 3);
        await using var nvml = new RunningNvml(machine);

        Assert.Equal(ReadingState.Unsupported, nvml.Gpu().Power.Watts.State);
        for (var i = 0; i < 5; i++)
            nvml.Sweep();

        Assert.Equal(1, machine.Calls(NvmlCall.DeviceGetPowerUsage, 0));
        Assert.Equal(700.0, nvml.Gpu().Power.LimitWatts.Known());
    }

    [Fact]
    public async Task A_call_that_fails_once_costs_one_reading_not_the_GPU()
    {
        using var machine = FakeMachine.OneH100();
        await using var nvml = new RunningNvml(machine);
        machine.Fault(NvmlCall.DeviceGetPowerUsage, 0, code: 999);

        var gpu = nvml.Gpu(until: g => g.Power.Watts.State == ReadingState.Failed);
        Assert.Equal(GpuHealth.Ok, gpu.Health);
        Assert.Null(gpu.Power.Watts.Known());

        machine.Heal();
        Assert.Equal(70.0, nvml.Gpu(until: g => g.Power.Watts.State == ReadingState.Fresh).Power.Watts.Known());
    }

    [Fact]
    public async Task PCIe_traffic_is_read_from_counters_never_by_the_call_that_blocks_20_ms()
    {
        using var machine = FakeMachine.OneH100();
        await using var nvml = new RunningNvml(machine);
        for (var i = 0; i < 5; i++)
            nvml.Sweep();
        Assert.Equal(0, machine.Calls(NvmlCall.DeviceGetPcieThroughput));
    }

    [Fact]
    public async Task MIG_devices_at_sparse_indices_are_found_and_the_rest_is_unsupported()
    {
        using var machine = FakeMachine.OneA100WithMig();
        await using var nvml = new RunningNvml(machine);

        var gpu = nvml.Gpu();

        Assert.True(gpu.Identity.MigEnabled);
        Assert.Equal([(0, 2, 3), (2, 5, 2), (5, 11, 1)], gpu.Mig.Select(m => (m.Index, m.GpuInstanceId, m.Slices!.Value)));
        Assert.Equal(2048 * MiB, gpu.Mig[1].Memory.Known()?.UsedBytes);
        Assert.Equal(ReadingState.Unsupported, gpu.Activity.Utilization.State);
        Assert.Equal([2, 5, 11], gpu.Processes!.Select(p => p.MigInstanceId!.Value));
        Assert.All(gpu.Processes!, p => Assert.Null(p.Use));

        machine.Gpu(0).Mig(2).Destroy();
        Assert.Equal([0, 5], nvml.Gpu(until: g => g.Mig.Count == 2).Mig.Select(m => m.Index));
    }

    [Fact]
    public async Task A_source_that_ends_leaves_nothing_open_in_the_driver()
    {
        using var machine = FakeMachine.TwoH100();
        await using (var nvml = new RunningNvml(machine))
        {
            nvml.Sweep();
            Eventually.True(() => machine.LiveEventSets == 1);
        }
        Eventually.Equal((0, 0, 0), () => (machine.LiveInits, machine.LiveEventSets, machine.LiveGpmSamples));
    }
}
