using Headroom.Cli.Doctor;
using Headroom.Cli.Doctor.Checks;
using Headroom.Cli.Doctor.Facts;
using Headroom.Interop.Nvml;
using Headroom.Testing;
using static Headroom.Tests.Cli.Doctor.Patients;

namespace Headroom.Tests.Cli.Doctor;

/// <summary>Driver and GPU checks over the real native path.</summary>
public sealed class GpuFactsTests
{
    [Fact]
    public async Task Two_gpus_that_are_well()
    {
        using var machine = FakeMachine.TwoH100();

        var findings = await ExamineAsync(machine);

        Assert.Equal(["Ok driver", "Ok gpu", "Ok gpu"], findings.Select(f => $"{f.Level} {f.Check}"));
        Assert.Contains("driver 580.95.05, CUDA 13.0", findings[0].What, StringComparison.Ordinal);
        Assert.Contains("2 GPUs", findings[0].What, StringComparison.Ordinal);
        Assert.Equal(0, machine.LiveInits);
    }

    [Fact]
    public async Task Persistence_mode_that_is_off_is_named_with_the_gpu()
    {
        using var machine = FakeMachine.TwoH100();
        machine.Gpu(1).PersistenceMode = false;

        var warned = Assert.Single(await ExamineAsync(machine), f => f.Level == Level.Warn);

        Assert.Contains("GPU 1 (NVIDIA H100 80GB HBM3): persistence mode is off", warned.What, StringComparison.Ordinal);
        Assert.Contains("nvidia-persistenced", warned.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_list_that_is_not_permitted()
    {
        using var machine = FakeMachine.OneH100();
        foreach (var call in (NvmlCall[])[NvmlCall.DeviceGetComputeRunningProcesses_v3, NvmlCall.DeviceGetGraphicsRunningProcesses_v3, NvmlCall.DeviceGetMPSComputeRunningProcesses_v3])
            machine.Fault(call, gpu: 0, code: (int)NvmlReturn.NoPermission);

        var warned = Assert.Single(await ExamineAsync(machine), f => f.Level == Level.Warn);

        Assert.Contains("does not permit to list its processes", warned.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sick_gpu_is_told_beside_a_lost_one()
    {
        using var machine = FakeMachine.TwoH100();
        var sick = machine.Gpu(0);
        (sick.RemapPending, sick.RemapFailed, sick.RecoveryAction, sick.EccUncorrected) = (true, true, 2, 7);
        // Answers while NVML is opened, and falls off the bus at the first reading.
        machine.Fault(NvmlCall.DeviceGetMemoryInfo_v2, gpu: 1, code: (int)NvmlReturn.GpuIsLost);

        var text = Text(await ExamineAsync(machine));

        Assert.Contains("Fail gpu GPU 0 (NVIDIA H100 80GB HBM3): the driver recommends a reboot of the node", text, StringComparison.Ordinal);
        Assert.Contains("Fail gpu GPU 0 (NVIDIA H100 80GB HBM3): a row of its memory could not be remapped", text, StringComparison.Ordinal);
        Assert.Contains("Warn gpu GPU 0 (NVIDIA H100 80GB HBM3): a remapped row of its memory waits for a reset", text, StringComparison.Ordinal);
        Assert.Contains("Warn gpu GPU 0 (NVIDIA H100 80GB HBM3): 7 uncorrected memory errors", text, StringComparison.Ordinal);
        Assert.Contains("Fail gpu GPU 1 (NVIDIA H100 80GB HBM3): lost:", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Ok gpu", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mig_and_a_card_without_gpm_are_notes()
    {
        using var machine = FakeMachine.OneA100WithMig();

        var findings = await ExamineAsync(machine);

        Assert.Contains(findings, f => f.Level == Level.Note && f.What.Contains("split by MIG into 3", StringComparison.Ordinal) && f.What.Contains("before Hopper", StringComparison.Ordinal));
        Assert.Contains(findings, f => f.Level == Level.Note && f.What.Contains("(GPM, Hopper and later) on GPU 0", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData((int)NvmlReturn.LibRmVersionMismatch, "old kernel module")]
    [InlineData((int)NvmlReturn.DriverNotLoaded, "modprobe nvidia")]
    [InlineData((int)NvmlReturn.NoPermission, "/dev/nvidia*")]
    [InlineData((int)NvmlReturn.Unknown, "nvidia-smi")]
    public async Task A_driver_that_does_not_open_is_told_with_what_to_do(int code, string advice)
    {
        using var machine = FakeMachine.OneH100();
        machine.InitCode = code;

        var finding = Assert.Single(await ExamineAsync(machine));

        Assert.Equal(("driver", Level.Fail), (finding.Check, finding.Level));
        Assert.Contains($"NVML {code}", finding.What, StringComparison.Ordinal);
        Assert.Contains(advice, finding.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_driver_without_gpus()
    {
        using var machine = FakeMachine.Empty();

        var finding = Assert.Single(await ExamineAsync(machine));

        Assert.Equal(Level.Warn, finding.Level);
        Assert.Contains("sees no GPU", finding.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_library_that_was_named_wrongly_fails()
    {
        var finding = Assert.Single(DriverCheck.Of(await GpuFacts.ReadAsync(Options("/nonexistent/libnvidia-ml.so.1"), TimeProvider.System, CancellationToken.None)));

        Assert.Equal(Level.Fail, finding.Level);
        Assert.Contains("/nonexistent/libnvidia-ml.so.1, named by --nvml", finding.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_driver_that_hangs_costs_its_patience_and_is_told()
    {
        using var machine = FakeMachine.OneH100();
        machine.Hang(NvmlCall.DeviceGetUUID, gpu: 0);
        var options = Options(machine.LibraryPath) with { GpuPatience = TimeSpan.FromMilliseconds(300), ProbePatience = TimeSpan.FromMilliseconds(300) };

        var finding = Assert.Single(DriverCheck.Of(await GpuFacts.ReadAsync(options, TimeProvider.System, CancellationToken.None)));

        Assert.Equal(Level.Fail, finding.Level);
        Assert.Contains("a driver call on GPU 0 has not come back", finding.What, StringComparison.Ordinal);
        machine.Heal();
        Eventually.Equal(0, () => machine.LiveInits);
    }

    private static async Task<IReadOnlyList<Finding>> ExamineAsync(FakeMachine machine)
    {
        var facts = await GpuFacts.ReadAsync(Options(machine.LibraryPath), TimeProvider.System, CancellationToken.None);
        return [.. DriverCheck.Of(facts), .. GpuCheck.Of(facts)];
    }
}
