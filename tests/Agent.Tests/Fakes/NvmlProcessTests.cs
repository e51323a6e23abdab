using Headroom.Testing;

namespace Headroom.Tests.Fakes;

public sealed class NvmlProcessTests
{
    private const string Compute = "nvmlDeviceGetComputeRunningProcesses_v3";

    [Fact]
    public void A_process_has_pid_memory_and_no_instance()
    {
        using var machine = FakeMachine.OneH100();
        machine.Gpu(0).Processes.Add(1234, 7L << 30);
        machine.Gpu(0).Processes.Add(1235, usedBytes: null);
        using var nvml = RawNvml.Open(machine);

        var (code, count, entries) = nvml.Processes(Compute, nvml.Device(0));

        using (entries)
        {
            Assert.Equal((Nvml.Success, 2), (code, count));
            Assert.Equal((1234u, 7ul << 30, uint.MaxValue, uint.MaxValue), (entries.U32(0), entries.U64(8), entries.U32(16), entries.U32(20)));
            Assert.Equal((1235u, ulong.MaxValue), (entries.U32(24), entries.U64(32)));
            Assert.Equal(0u, entries.U32(48));
        }
    }

    [Fact]
    public void Each_list_names_its_kind_and_a_client_of_MPS_may_stand_in_two()
    {
        using var machine = FakeMachine.OneH100();
        machine.Gpu(0).Processes.Add(1, 10);
        machine.Gpu(0).Processes.Add(2, 20, kinds: FakeProcessKinds.Graphics);
        machine.Gpu(0).Processes.Add(3, 30, kinds: FakeProcessKinds.Compute | FakeProcessKinds.Mps);
        using var nvml = RawNvml.Open(machine);

        Assert.Equal([1u, 3], Pids(nvml, Compute));
        Assert.Equal([2u], Pids(nvml, "nvmlDeviceGetGraphicsRunningProcesses_v3"));
        Assert.Equal([3u], Pids(nvml, "nvmlDeviceGetMPSComputeRunningProcesses_v3"));
    }

    [Fact]
    public void A_list_that_grows_between_query_and_fetch_is_too_long_twice()
    {
        using var machine = FakeMachine.OneH100();
        machine.Gpu(0).Processes.Add(1, 10);
        using var nvml = RawNvml.Open(machine);
        var device = nvml.Device(0);
        using var count = new Native(4);
        using var entries = new Native(64 * 32);
        machine.Gpu(0).Growth = 1;

        Assert.Equal(Nvml.InsufficientSize, nvml.Call(Compute, device, count, 0));
        Assert.Equal(1u, count.U32(0));
        count.Set(0, 7u);
        Assert.Equal(Nvml.InsufficientSize, nvml.Call(Compute, device, count, entries));
        Assert.Equal(10u, count.U32(0));
        Assert.Equal(Nvml.Success, nvml.Call(Compute, device, count, entries));
        Assert.Equal(1u, count.U32(0));
        Assert.Equal(0, machine.Gpu(0).Growth);
    }

    [Fact]
    public void The_size_query_of_an_empty_list_succeeds()
    {
        using var machine = FakeMachine.OneH100();
        using var nvml = RawNvml.Open(machine);
        using var count = new Native(4);

        Assert.Equal(Nvml.Success, nvml.Call(Compute, nvml.Device(0), count, 0));
        Assert.Equal(0u, count.U32(0));
    }

    [Fact]
    public void An_early_535_driver_writes_32_bytes_a_process()
    {
        using var machine = FakeMachine.OneH100(NvmlVariant.R535);
        machine.Gpu(0).Processes.Add(1234, 111);
        machine.Gpu(0).Processes.Add(1235, 222);
        using var nvml = RawNvml.Open(machine);

        var (code, count, entries) = nvml.Processes(Compute, nvml.Device(0));

        using (entries)
        {
            Assert.Equal((Nvml.Success, 2), (code, count));
            Assert.Equal((1234u, 111ul, 1235u, 222ul), (entries.U32(0), entries.U64(8), entries.U32(32), entries.U64(40)));
            // Read with the usual stride, the second entry is the rest of the first: no pid, no memory.
            Assert.Equal((0u, 1235ul), (entries.U32(24), entries.U64(32) & uint.MaxValue));
        }
    }

    [Fact]
    public void A_470_driver_lists_processes_with_24_bytes_under_the_older_name()
    {
        using var machine = FakeMachine.OneH100(NvmlVariant.R470);
        machine.Gpu(0).Processes.Add(1234, 111);
        machine.Gpu(0).Processes.Add(1235, 222);
        using var nvml = RawNvml.Open(machine);

        Assert.Equal([1234u, 1235], Pids(nvml, "nvmlDeviceGetComputeRunningProcesses_v2"));
    }

    [Fact]
    public void The_detail_list_is_32_bytes_a_process_and_only_for_Hopper_and_later()
    {
        using var machine = FakeMachine.OneH100();
        machine.Gpu(0).Processes.Add(1234, 111);
        machine.Gpu(0).Processes.Add(1235, 222, kinds: FakeProcessKinds.Graphics);
        using var nvml = RawNvml.Open(machine);
        using var array = new Native(64);
        using var list = new Native(24);
        list.Set(0, 0x01000018u).Set(4, 3u).Set(8, 0u);

        Assert.Equal(Nvml.InsufficientSize, nvml.Call("nvmlDeviceGetRunningProcessDetailList", nvml.Device(0), list));
        Assert.Equal(2u, list.U32(8));
        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetRunningProcessDetailList", nvml.Device(0), list.Set(16, array)));
        Assert.Equal((1234u, 1235u), (array.U32(0), array.U32(32)));

        machine.Gpu(0).Architecture = 8;
        Assert.Equal(Nvml.NotSupported, nvml.Call("nvmlDeviceGetRunningProcessDetailList", nvml.Device(0), list));
    }

    private static List<uint> Pids(RawNvml nvml, string list)
    {
        var (code, count, entries) = nvml.Processes(list, nvml.Device(0));
        using (entries)
        {
            Assert.Equal(Nvml.Success, code);
            return [.. Enumerable.Range(0, count).Select(i => entries.U32(24 * i))];
        }
    }
}
