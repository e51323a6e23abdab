using Headroom.Testing;

namespace Headroom.Tests.Fakes;

public sealed class NvmlFaultTests
{
    private const string Power = "nvmlDeviceGetPowerUsage";

    [Fact]
    public void A_fault_holds_for_its_call_and_its_GPU_until_it_is_healed()
    {
        using var machine = FakeMachine.TwoH100();
        using var nvml = RawNvml.Open(machine);
        machine.Fault(NvmlCall.DeviceGetPowerUsage, gpu: 1, code: Nvml.NoPermission);

        Assert.Equal(Nvml.Success, nvml.GaugeCode(Power, nvml.Device(0)));
        Assert.Equal(Nvml.NoPermission, nvml.GaugeCode(Power, nvml.Device(1)));
        Assert.Equal(Nvml.Success, nvml.GaugeCode("nvmlDeviceGetPerformanceState", nvml.Device(1)));

        machine.Heal(NvmlCall.DeviceGetPowerUsage, gpu: 1);
        Assert.Equal(Nvml.Success, nvml.GaugeCode(Power, nvml.Device(1)));
    }

    [Fact]
    public void A_fault_of_no_GPU_holds_for_all_and_for_calls_that_belong_to_none()
    {
        using var machine = FakeMachine.TwoH100();
        using var nvml = RawNvml.Open(machine);
        machine.Fault(NvmlCall.DeviceGetPowerUsage, code: Nvml.NotSupported);
        machine.Fault(NvmlCall.DeviceGetCount_v2, code: Nvml.Unknown);
        using var count = new Native(4);

        Assert.Equal(Nvml.NotSupported, nvml.GaugeCode(Power, nvml.Device(0)));
        Assert.Equal(Nvml.NotSupported, nvml.GaugeCode(Power, nvml.Device(1)));
        Assert.Equal(Nvml.Unknown, nvml.Call("nvmlDeviceGetCount_v2", count));
    }

    [Fact]
    public async Task A_call_hangs_until_it_is_released_and_hangs_nobody_else()
    {
        using var machine = FakeMachine.TwoH100();
        using var nvml = RawNvml.Open(machine);
        var (first, second) = (nvml.Device(0), nvml.Device(1));
        machine.Hang(NvmlCall.DeviceGetPowerUsage, gpu: 0);

        var hung = Task.Run(() => nvml.GaugeCode(Power, first));
        await Eventually.TrueAsync(() => machine.Hanging(NvmlCall.DeviceGetPowerUsage, gpu: 0) == 1);
        Assert.Equal(Nvml.Success, nvml.GaugeCode(Power, second));
        Assert.False(hung.IsCompleted);

        machine.Release(NvmlCall.DeviceGetPowerUsage, gpu: 0);
        Assert.Equal(Nvml.Success, await hung.WaitAsync(Eventually.DefaultDeadline));
        Assert.Equal(0, machine.Hanging(NvmlCall.DeviceGetPowerUsage, gpu: 0));
    }

    [Fact]
    public async Task A_call_that_hung_over_a_shutdown_finds_NVML_uninitialised()
    {
        using var machine = FakeMachine.OneH100();
        using var nvml = RawNvml.Open(machine);
        var device = nvml.Device(0);
        machine.Hang(NvmlCall.DeviceGetPowerUsage, gpu: 0);
        var hung = Task.Run(() => nvml.GaugeCode(Power, device));
        await Eventually.TrueAsync(() => machine.Hanging(NvmlCall.DeviceGetPowerUsage, gpu: 0) == 1);

        Assert.Equal(Nvml.Success, nvml.Call("nvmlShutdown"));
        machine.Release(NvmlCall.DeviceGetPowerUsage, gpu: 0);

        Assert.Equal(Nvml.Uninitialized, await hung.WaitAsync(Eventually.DefaultDeadline));
    }

    [Fact]
    public void A_lost_GPU_stays_lost_until_NVML_is_initialised_anew()
    {
        using var machine = FakeMachine.TwoH100();
        using var nvml = RawNvml.Open(machine);
        var (first, second) = (nvml.Device(0), nvml.Device(1));
        using var handle = new Native(8);

        machine.Gpu(0).Lost = true;
        Assert.Equal(Nvml.GpuIsLost, nvml.GaugeCode(Power, first));
        Assert.Equal(Nvml.GpuIsLost, nvml.Call("nvmlDeviceGetHandleByIndex_v2", 0, handle));
        Assert.Equal(Nvml.Success, nvml.GaugeCode(Power, second));

        machine.Gpu(0).Lost = false;
        Assert.Equal(Nvml.GpuIsLost, nvml.GaugeCode(Power, first));

        Assert.Equal(Nvml.Success, nvml.Call("nvmlShutdown"));
        Assert.Equal(Nvml.Success, nvml.Call("nvmlInit_v2"));
        Assert.Equal(Nvml.Success, nvml.GaugeCode(Power, nvml.Device(0)));
        Assert.Equal(Nvml.InvalidArgument, nvml.GaugeCode(Power, first)); // a handle of the time before
    }

    [Fact]
    public void Calls_are_counted_and_a_client_that_cleans_up_leaves_nothing()
    {
        using var machine = FakeMachine.TwoH100();
        using (var nvml = RawNvml.Open(machine))
        {
            var device = nvml.Device(1);
            nvml.GaugeCode(Power, device);
            nvml.GaugeCode(Power, device);
            Assert.Equal(1, machine.LiveInits);
        }

        Assert.Equal(2, machine.Calls(NvmlCall.DeviceGetPowerUsage));
        Assert.Equal(2, machine.Calls(NvmlCall.DeviceGetPowerUsage, gpu: 1));
        Assert.Equal(0, machine.Calls(NvmlCall.DeviceGetPowerUsage, gpu: 0));
        Assert.Equal((1, 0), (machine.Inits, machine.LiveInits));
    }

    [Fact]
    public void Garbage_for_a_handle_is_refused_not_followed()
    {
        using var machine = FakeMachine.OneH100();
        using var nvml = RawNvml.Open(machine);

        Assert.Equal(Nvml.InvalidArgument, nvml.GaugeCode(Power, 0));
        Assert.Equal(Nvml.InvalidArgument, nvml.GaugeCode(Power, 0x1234));
        Assert.Equal(Nvml.InvalidArgument, nvml.GaugeCode(Power, nvml.Device(0) + 1));
        Assert.Equal(Nvml.InvalidArgument, nvml.Call("nvmlEventSetFree", 0x1234));
        Assert.Equal(Nvml.InvalidArgument, nvml.Call("nvmlGpmSampleFree", 0x1234));
    }
}
