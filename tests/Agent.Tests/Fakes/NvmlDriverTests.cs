using Headroom.Testing;

namespace Headroom.Tests.Fakes;

public sealed class NvmlDriverTests
{
    [Fact]
    public void A_replaced_library_is_seen_only_after_the_old_one_is_closed()
    {
        using var machine = FakeMachine.TwoH100(NvmlVariant.R535);
        using (var old = RawNvml.Open(machine))
        {
            machine.ReplaceLibrary(NvmlVariant.Full, "580.95.05", loadDriver: false);

            Assert.Equal("535.54.03", old.DriverVersion());
            // Opening the same path again gives the library that is open, though the file is another.
            using var again = RawNvml.Load(machine);
            Assert.False(again.Has("nvmlDeviceGetTemperatureV"));
        }

        using var replaced = RawNvml.Load(machine);
        Assert.Equal(Nvml.VersionMismatch, replaced.Call("nvmlInit_v2")); // the old kernel module is still loaded
        machine.DriverVersion = "580.95.05";
        Assert.Equal(Nvml.Success, replaced.Call("nvmlInit_v2"));
        Assert.Equal("580.95.05", replaced.DriverVersion());
        Assert.True(replaced.Has("nvmlDeviceGetTemperatureV"));
    }

    [Fact]
    public void A_library_refuses_a_newer_kernel_module_under_it()
    {
        using var machine = FakeMachine.TwoH100(NvmlVariant.R535);
        using var nvml = RawNvml.Open(machine);
        var device = nvml.Device(0);

        machine.ReplaceLibrary(NvmlVariant.Full, "580.95.05");

        Assert.Equal(Nvml.VersionMismatch, nvml.GaugeCode("nvmlDeviceGetPowerUsage", device));
        Assert.Equal(Nvml.Success, nvml.Call("nvmlShutdown"));
        Assert.Equal(Nvml.VersionMismatch, nvml.Call("nvmlInit_v2"));
    }

    [Fact]
    public void Without_the_driver_everything_says_so_until_it_is_loaded()
    {
        using var machine = FakeMachine.TwoH100();
        using var nvml = RawNvml.Open(machine);
        var device = nvml.Device(0);

        machine.DriverLoaded = false;
        Assert.Equal(Nvml.DriverNotLoaded, nvml.GaugeCode("nvmlDeviceGetPowerUsage", device));
        Assert.Equal(Nvml.DriverNotLoaded, nvml.Call("nvmlInit_v2"));
        machine.DriverLoaded = true;
        Assert.Equal(Nvml.Success, nvml.GaugeCode("nvmlDeviceGetPowerUsage", device));
    }

    [Theory]
    [InlineData(Nvml.VersionMismatch, "Driver/library version mismatch")]
    [InlineData(Nvml.NoPermission, "Insufficient Permissions")]
    public void Init_answers_as_told(int code, string words)
    {
        using var machine = FakeMachine.TwoH100();
        machine.InitCode = code;
        using var nvml = RawNvml.Load(machine);

        Assert.Equal(code, nvml.Call("nvmlInit_v2"));
        Assert.Equal(words, nvml.ErrorString(code));
        Assert.Equal(0, machine.Inits);
    }

    [Fact]
    public void Nothing_answers_before_init_or_after_the_last_shutdown()
    {
        using var machine = FakeMachine.TwoH100();
        using var nvml = RawNvml.Load(machine);
        using var count = new Native(4);

        Assert.Equal(Nvml.Uninitialized, nvml.Call("nvmlDeviceGetCount_v2", count));
        Assert.Equal(Nvml.Uninitialized, nvml.Call("nvmlShutdown"));
        Assert.Equal(Nvml.Success, nvml.Call("nvmlInit_v2"));
        Assert.Equal(Nvml.Success, nvml.Call("nvmlInitWithFlags", 0));
        Assert.Equal(Nvml.Success, nvml.Call("nvmlShutdown"));
        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetCount_v2", count));
        Assert.Equal(2u, count.U32(0));
        Assert.Equal(Nvml.Success, nvml.Call("nvmlShutdown"));
        Assert.Equal(Nvml.Uninitialized, nvml.Call("nvmlDeviceGetCount_v2", count));
    }

    [Fact]
    public void A_library_without_its_machine_fails_to_initialise()
    {
        using var machine = FakeMachine.TwoH100();
        File.Delete(Path.Combine(machine.Folder, "machine"));
        using var nvml = RawNvml.Load(machine);

        Assert.Equal(Nvml.Unknown, nvml.Call("nvmlInit_v2"));
    }
}
