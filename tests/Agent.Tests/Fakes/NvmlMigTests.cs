using Headroom.Testing;

namespace Headroom.Tests.Fakes;

public sealed class NvmlMigTests
{
    [Fact]
    public void Indices_have_gaps()
    {
        using var machine = FakeMachine.OneA100WithMig();
        using var nvml = RawNvml.Open(machine);
        var device = nvml.Device(0);
        using var mode = new Native(8);

        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetMigMode", device, mode, mode + 4));
        Assert.Equal((1u, 1u), (mode.U32(0), mode.U32(4)));
        Assert.Equal(7u, nvml.Gauge("nvmlDeviceGetMaxMigDeviceCount", device));
        Assert.Equal([0, 6, 0, 6, 6, 0, 6, 2], Enumerable.Range(0, 8).Select(index => MigHandle(nvml, index).Code));
    }

    [Fact]
    public void A_MIG_device_has_ids_memory_and_attributes_of_its_own()
    {
        using var machine = FakeMachine.OneA100WithMig();
        using var nvml = RawNvml.Open(machine);
        var mig = MigHandle(nvml, 2).Handle;

        Assert.Equal(1u, nvml.Gauge("nvmlDeviceIsMigDeviceHandle", mig));
        Assert.Equal(0u, nvml.Gauge("nvmlDeviceIsMigDeviceHandle", nvml.Device(0)));
        Assert.Equal(5u, nvml.Gauge("nvmlDeviceGetGpuInstanceId", mig));
        Assert.Equal(0u, nvml.Gauge("nvmlDeviceGetComputeInstanceId", mig));
        Assert.Equal(machine.Gpu(0).Mig(2).Uuid, nvml.String("nvmlDeviceGetUUID", mig));
        Assert.Equal("NVIDIA A100-SXM4-40GB MIG 2g.9gb", nvml.String("nvmlDeviceGetName", mig));
        using var parent = new Native(8);
        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetDeviceHandleFromMigDeviceHandle", mig, parent));
        Assert.Equal(nvml.Device(0), parent.Pointer(0));
        using var memory = new Native(40);
        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetMemoryInfo_v2", mig, memory.Set(0, 0x02000028u)));
        Assert.Equal((9_984ul << 20, 2048ul << 20), (memory.U64(8), memory.U64(32)));
        using var attributes = new Native(40);
        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetAttributes_v2", mig, attributes));
        Assert.Equal((2u, 9_984ul), (attributes.U32(24), attributes.U64(32)));
    }

    [Fact]
    public void The_card_lists_all_processes_with_their_instance_and_a_MIG_device_its_own()
    {
        using var machine = FakeMachine.OneA100WithMig();
        using var nvml = RawNvml.Open(machine);

        var (_, all, entries) = nvml.Processes("nvmlDeviceGetComputeRunningProcesses_v3", nvml.Device(0));
        using (entries)
        {
            Assert.Equal(3, all);
            Assert.Equal((41_003u, 11u, 0u), (entries.U32(48), entries.U32(48 + 16), entries.U32(48 + 20)));
        }

        var (_, own, one) = nvml.Processes("nvmlDeviceGetComputeRunningProcesses_v3", MigHandle(nvml, 5).Handle);
        using (one)
            Assert.Equal((1, 41_003u), (own, one.U32(0)));
    }

    [Theory]
    [InlineData("nvmlDeviceGetUtilizationRates")]
    [InlineData("nvmlDeviceGetEncoderUtilization")]
    [InlineData("nvmlDeviceGetDecoderUtilization")]
    [InlineData("nvmlDeviceGetProcessUtilization")]
    [InlineData("nvmlDeviceGetProcessesUtilizationInfo")]
    public void A_split_card_has_no_utilisation(string call)
    {
        using var machine = FakeMachine.OneA100WithMig();
        using var nvml = RawNvml.Open(machine);

        Assert.Equal(Nvml.NotSupported, nvml.GaugeCode(call, nvml.Device(0)));
        Assert.Equal(Nvml.NotSupported, nvml.GaugeCode(call, MigHandle(nvml, 0).Handle));
    }

    [Fact]
    public void The_handle_of_a_destroyed_instance_is_invalid()
    {
        using var machine = FakeMachine.OneA100WithMig();
        using var nvml = RawNvml.Open(machine);
        var mig = MigHandle(nvml, 2).Handle;

        machine.Gpu(0).Mig(2).Destroy();

        Assert.Equal(Nvml.InvalidArgument, nvml.GaugeCode("nvmlDeviceGetGpuInstanceId", mig));
        Assert.Equal(Nvml.NotFound, MigHandle(nvml, 2).Code);
    }

    [Fact]
    public void A_card_that_is_not_split_has_no_MIG_devices()
    {
        using var machine = FakeMachine.OneH100();
        using var nvml = RawNvml.Open(machine);

        Assert.Equal(0u, nvml.Gauge("nvmlDeviceGetMaxMigDeviceCount", nvml.Device(0)));
        Assert.Equal(Nvml.NotSupported, MigHandle(nvml, 0).Code);
    }

    private static (int Code, nint Handle) MigHandle(RawNvml nvml, int index)
    {
        using var handle = new Native(8);
        return (nvml.Call("nvmlDeviceGetMigDeviceHandleByIndex", nvml.Device(0), index, handle), handle.Pointer(0));
    }
}
