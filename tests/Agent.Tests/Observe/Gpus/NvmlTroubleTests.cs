using Headroom.Model;
using Headroom.Testing;

namespace Headroom.Tests.Observe.Gpus;

/// <summary>Drivers that hang, lose GPUs, go away and come back.</summary>
public sealed class NvmlTroubleTests
{
    [Fact]
    public async Task A_lost_GPU_is_told_the_other_is_served_and_it_comes_back_after_NVML_is_opened_anew()
    {
        using var machine = FakeMachine.TwoH100();
        await using var nvml = new RunningNvml(machine);
        nvml.Sweep();

        machine.Gpu(0).Lost = true;
        var sweep = nvml.Sweep(s => s.Gpus[0].Health == GpuHealth.Lost);
        Assert.Equal(machine.Gpu(0).Uuid, sweep.Gpus[0].Identity.Uuid);
        Assert.Contains("15", sweep.Gpus[0].HealthReason, StringComparison.Ordinal);
        Assert.Null(sweep.Gpus[0].Memory.Known());
        Assert.Equal(GpuHealth.Ok, sweep.Gpus[1].Health);

        machine.Gpu(0).Lost = false;
        Assert.All(nvml.Sweep(s => s.Gpus[0].Health == GpuHealth.Ok).Gpus, g => Assert.NotNull(g.Memory.Known()));
    }

    [Fact]
    public async Task A_call_that_hangs_costs_its_GPU_only_and_the_GPU_is_served_again_when_it_comes_back()
    {
        using var machine = FakeMachine.TwoH100();
        await using var nvml = new RunningNvml(machine);
        nvml.Sweep();

        machine.Hang(NvmlCall.DeviceGetPowerUsage, 0);
        var sweep = nvml.Sweep(s => s.Gpus[0].Health == GpuHealth.Hung);
        Assert.Equal(GpuHealth.Ok, sweep.Gpus[1].Health);
        for (var i = 0; i < 10; i++) // it stays so, and nobody else walks into the trap
            Assert.Equal((GpuHealth.Hung, GpuHealth.Ok), nvml.Sweep().Gpus is var gpus ? (gpus[0].Health, gpus[1].Health) : default);
        Assert.Equal(1, machine.Hanging(NvmlCall.DeviceGetPowerUsage, 0));

        machine.Release(NvmlCall.DeviceGetPowerUsage, 0);
        nvml.Sweep(s => s.Gpus.All(g => g.Health == GpuHealth.Ok));
    }

    [Fact]
    public async Task Both_GPUs_hang_and_both_come_back()
    {
        using var machine = FakeMachine.TwoH100();
        await using var nvml = new RunningNvml(machine);
        nvml.Sweep();
        machine.Hang(NvmlCall.DeviceGetUtilizationRates);
        nvml.Sweep(s => s.Gpus.All(g => g.Health == GpuHealth.Hung));
        machine.Release(NvmlCall.DeviceGetUtilizationRates);
        nvml.Sweep(s => s.Gpus.All(g => g.Health == GpuHealth.Ok));
    }

    [Fact]
    public async Task An_init_that_hangs_is_told_and_survived()
    {
        using var machine = FakeMachine.OneH100();
        machine.Hang(NvmlCall.Init_v2);
        await using var nvml = new RunningNvml(machine);

        Eventually.True(() => nvml.Source.Latest.Error is not null);
        Assert.Contains("has not answered", nvml.Source.Latest.Error, StringComparison.Ordinal);
        machine.Release(NvmlCall.Init_v2);
        Assert.Equal(GpuHealth.Ok, nvml.Gpu().Health);
    }

    [Fact]
    public async Task A_slow_GPU_within_its_deadline_is_not_taken_for_hung()
    {
        using var machine = FakeMachine.OneH100();
        machine.Fault(NvmlCall.DeviceGetPowerUsage, 0, delay: TimeSpan.FromMilliseconds(60));
        await using var nvml = new RunningNvml(machine);
        for (var i = 0; i < 3; i++)
            Assert.Equal(GpuHealth.Ok, nvml.Gpu().Health);
    }

    [Fact]
    public async Task The_driver_is_unloaded_and_loaded_again()
    {
        using var machine = FakeMachine.OneH100();
        await using var nvml = new RunningNvml(machine);
        nvml.Sweep();

        machine.DriverLoaded = false;
        Eventually.True(() => nvml.Source.Latest.Error is not null);
        Assert.Contains("(NVML 9)", nvml.Source.Latest.Error, StringComparison.Ordinal);
        var failures = nvml.Source.Latest.Failures;
        Eventually.True(() => nvml.Source.Latest.Failures > failures);

        machine.DriverLoaded = true;
        Assert.Equal(GpuHealth.Ok, nvml.Gpu().Health);
        Assert.Null(nvml.Source.Latest.Error);
    }

    [Fact]
    public async Task A_driver_update_replaces_the_library_and_the_new_one_is_used_without_a_restart()
    {
        using var machine = FakeMachine.OneH100();
        await using var nvml = new RunningNvml(machine);
        Assert.Equal("580.95.05", nvml.Sweep().Driver.DriverVersion);

        machine.ReplaceLibrary(NvmlVariant.Full, "590.44.01");

        Assert.Equal("590.44.01", nvml.Sweep(s => s.Driver.DriverVersion == "590.44.01").Driver.DriverVersion);
        Assert.Equal(GpuHealth.Ok, nvml.Gpu().Health);
    }

    [Fact]
    public async Task A_package_upgrade_without_a_module_reload_leaves_the_library_that_still_fits_in_use()
    {
        using var machine = FakeMachine.OneH100();
        var module = Path.Combine(machine.Folder, "module-version");
        File.WriteAllText(module, "580.95.05\n");
        await using var nvml = new RunningNvml(machine, RunningNvml.Quick with { ModuleVersionFile = module });
        nvml.Sweep();

        machine.ReplaceLibrary(NvmlVariant.Full, "590.44.01", loadDriver: false);
        for (var i = 0; i < 20; i++) // several checks of the library pass
            Assert.Equal("580.95.05", nvml.Sweep().Driver.DriverVersion);
        Assert.Null(nvml.Source.Latest.Error);

        machine.DriverVersion = "590.44.01"; // the module is reloaded
        File.WriteAllText(module, "590.44.01\n");
        Assert.Equal("590.44.01", nvml.Sweep(s => s.Driver.DriverVersion == "590.44.01").Driver.DriverVersion);
    }

    [Fact]
    public async Task A_library_that_does_not_fit_the_kernel_module_is_told_until_it_does()
    {
        using var machine = FakeMachine.OneH100();
        machine.ReplaceLibrary(NvmlVariant.Full, "590.44.01", loadDriver: false);
        await using var nvml = new RunningNvml(machine);

        Eventually.True(() => nvml.Source.Latest.Error?.Contains("(NVML 18)", StringComparison.Ordinal) == true);
        machine.DriverVersion = "590.44.01";
        Assert.Equal("590.44.01", nvml.Sweep().Driver.DriverVersion);
    }

    [Fact]
    public async Task Without_a_library_it_says_so_and_finds_one_that_is_installed_later()
    {
        using var machine = FakeMachine.OneH100();
        var aside = machine.LibraryPath + ".aside";
        File.Move(machine.LibraryPath, aside);
        await using var nvml = new RunningNvml(machine);

        Eventually.True(() => nvml.Source.Latest.Error?.Contains("is the NVIDIA driver installed", StringComparison.Ordinal) == true);
        File.Move(aside, machine.LibraryPath);
        Assert.Single(nvml.Sweep().Gpus);
    }

    [Fact]
    public async Task An_XID_is_counted_and_the_waits_that_time_out_after_it_are_not()
    {
        using var machine = FakeMachine.TwoH100();
        await using var nvml = new RunningNvml(machine);
        Eventually.True(() => machine.LiveEventSets == 1);

        machine.RaiseXid(1, 79);
        machine.RaiseXid(1, 79);
        machine.RaiseXid(1, 13);
        var gpu = nvml.Gpu(1, g => g.Reliability.Xids.Sum(x => x.Count) == 3);

        Assert.Equal([(13, 1L), (79, 2L)], gpu.Reliability.Xids.Select(x => (x.Xid, x.Count)));
        var waits = machine.Calls(NvmlCall.EventSetWait_v2);
        Eventually.True(() => machine.Calls(NvmlCall.EventSetWait_v2) >= waits + 2);
        Assert.Equal(3, nvml.Gpu(1).Reliability.Xids.Sum(x => x.Count));
        Assert.Empty(nvml.Gpu(0).Reliability.Xids);
    }

    [Fact]
    public async Task XID_counts_survive_a_driver_reload()
    {
        using var machine = FakeMachine.OneH100();
        await using var nvml = new RunningNvml(machine);
        Eventually.True(() => machine.LiveEventSets == 1);
        machine.RaiseXid(0, 31);
        nvml.Gpu(until: g => g.Reliability.Xids.Count == 1);

        machine.DriverLoaded = false;
        Eventually.True(() => nvml.Source.Latest.Error is not null);
        machine.DriverLoaded = true;

        Assert.Equal(1, Assert.Single(nvml.Gpu().Reliability.Xids).Count);
    }

    [Fact]
    public async Task While_one_GPU_hangs_an_XID_of_another_counts_once()
    {
        using var machine = FakeMachine.TwoH100();
        await using var nvml = new RunningNvml(machine);
        nvml.Sweep();
        machine.Hang(NvmlCall.DeviceGetPowerUsage, 0);
        nvml.Sweep(s => s.Gpus[0].Health == GpuHealth.Hung && s.Gpus[1].Health == GpuHealth.Ok);

        machine.RaiseXid(1, 31);
        machine.RaiseXid(1, 79); // in order: when the second is seen by a thread, so is the first
        nvml.Gpu(1, g => g.Reliability.Xids.Count == 2);
        for (var i = 0; i < 100; i++)
            nvml.Sweep();
        Assert.All(nvml.Gpu(1).Reliability.Xids, x => Assert.Equal(1, x.Count));
        machine.Release(NvmlCall.DeviceGetPowerUsage, 0);
    }

    [Fact]
    public async Task A_GPU_whose_every_reading_fails_is_not_called_healthy()
    {
        using var machine = FakeMachine.TwoH100();
        await using var nvml = new RunningNvml(machine);
        nvml.Sweep();
        foreach (var call in Enum.GetValues<NvmlCall>().Where(c => c.ToString().StartsWith("DeviceGet", StringComparison.Ordinal)))
            machine.Fault(call, 0, code: 999);
        nvml.Gpu(0, g => g.Memory.Known() is null);
        Assert.Equal(GpuHealth.Failed, nvml.Gpu(0, g => g.Memory.Known() is null).Health);
        Assert.Equal(GpuHealth.Ok, nvml.Gpu(1).Health);
    }

    [Fact]
    public async Task A_driver_that_finds_every_buffer_too_small_is_not_given_ever_larger_ones()
    {
        using var machine = FakeMachine.OneH100();
        foreach (var call in Enum.GetValues<NvmlCall>().Where(c => c.ToString().Contains("Process", StringComparison.Ordinal)))
            machine.Fault(call, 0, code: 7);
        await using var nvml = new RunningNvml(machine);
        for (var i = 0; i < 20; i++)
            nvml.Sweep();
        Assert.Null(nvml.Gpu().Processes);
    }

    [Fact]
    public async Task Use_that_never_fits_is_unknown_and_the_rest_is_told()
    {
        using var machine = FakeMachine.OneH100();
        foreach (var call in Enum.GetValues<NvmlCall>().Where(c => c.ToString().Contains("Utilization", StringComparison.Ordinal) && c.ToString().Contains("Process", StringComparison.Ordinal)))
            machine.Fault(call, 0, code: 7);
        await using var nvml = new RunningNvml(machine);
        for (var i = 0; i < 20; i++)
            nvml.Sweep();
        Assert.NotNull(nvml.Gpu().Processes);
    }
}
