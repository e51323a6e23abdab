using Headroom.Testing;

namespace Headroom.Tests.Fakes;

public sealed class NvmlGpmTests
{
    [Fact]
    public void Two_samples_give_metrics_each_with_its_own_result()
    {
        using var machine = FakeMachine.OneH100();
        machine.Gpu(0).SetGpm(2, 61.5);
        machine.Gpu(0).SetGpm(10, 0, code: Nvml.NotSupported);
        using var nvml = RawNvml.Open(machine);
        using var samples = new Samples(nvml);
        samples.Take(nvml.Device(0));

        var metrics = samples.Metrics(2, 10, 174, 77);

        Assert.Equal((Nvml.Success, 61.5), metrics[0]);
        Assert.Equal(Nvml.NotSupported, metrics[1].Code);
        Assert.Equal((Nvml.Success, 2), metrics[2]);
        Assert.Equal(Nvml.NotSupported, metrics[3].Code);
    }

    [Fact]
    public void Samples_too_close_together_give_no_number()
    {
        using var machine = FakeMachine.OneH100();
        machine.GpmMinInterval = TimeSpan.FromHours(1);
        using var nvml = RawNvml.Open(machine);
        using var samples = new Samples(nvml);
        samples.Take(nvml.Device(0));

        Assert.Equal((Nvml.Success, double.NaN), samples.Metrics(2)[0]);
    }

    [Fact]
    public void A_metric_newer_than_the_driver_is_an_invalid_argument()
    {
        using var machine = FakeMachine.OneH100(NvmlVariant.R535);
        using var nvml = RawNvml.Open(machine);
        using var samples = new Samples(nvml);
        samples.Take(nvml.Device(0));

        Assert.Equal(Nvml.InvalidArgument, samples.Metrics(174)[0].Code);
        Assert.Equal(Nvml.Success, samples.Metrics(2)[0].Code);
    }

    [Fact]
    public void An_A100_has_no_GPM()
    {
        using var machine = FakeMachine.TwoA100();
        using var nvml = RawNvml.Open(machine);
        using var support = new Native(8);
        using var samples = new Samples(nvml);

        Assert.Equal(Nvml.Success, nvml.Call("nvmlGpmQueryDeviceSupport", nvml.Device(0), support.Set(0, 1u)));
        Assert.Equal(0u, support.U32(4));
        Assert.Equal(Nvml.NotSupported, nvml.Call("nvmlGpmSampleGet", nvml.Device(0), samples.First));
    }

    [Fact]
    public void A_MIG_device_is_sampled_through_its_card()
    {
        using var machine = FakeMachine.OneH100();
        machine.Gpu(0).MigEnabled = true;
        machine.Gpu(0).Mig(3).Create(gpuInstance: 7, computeInstance: 0, slices: 2, memoryBytes: 20L << 30).SetGpm(2, 33);
        using var nvml = RawNvml.Open(machine);
        using var samples = new Samples(nvml);

        Assert.Equal(Nvml.InvalidArgument, nvml.Call("nvmlGpmMigSampleGet", nvml.Device(0), 1, samples.First));
        samples.TakeMig(nvml.Device(0), 7);

        Assert.Equal((Nvml.Success, 33), samples.Metrics(2)[0]);
    }

    [Fact]
    public void Samples_of_different_cards_do_not_go_together()
    {
        using var machine = FakeMachine.TwoH100();
        using var nvml = RawNvml.Open(machine);
        using var samples = new Samples(nvml);
        Assert.Equal(Nvml.Success, nvml.Call("nvmlGpmSampleGet", nvml.Device(0), samples.First));
        Assert.Equal(Nvml.Success, nvml.Call("nvmlGpmSampleGet", nvml.Device(1), samples.Second));

        Assert.Equal(Nvml.InvalidArgument, samples.Get(2).Code);
        samples.Dispose();
        Assert.Equal(0, machine.LiveGpmSamples);
    }

    private sealed class Samples : IDisposable
    {
        private readonly RawNvml _nvml;
        private bool _freed;

        public Samples(RawNvml nvml)
        {
            _nvml = nvml;
            using var handles = new Native(16);
            Assert.Equal(Nvml.Success, nvml.Call("nvmlGpmSampleAlloc", handles));
            Assert.Equal(Nvml.Success, nvml.Call("nvmlGpmSampleAlloc", handles + 8));
            (First, Second) = (handles.Pointer(0), handles.Pointer(8));
        }

        public nint First { get; }
        public nint Second { get; }

        public void Take(nint device)
        {
            Assert.Equal(Nvml.Success, _nvml.Call("nvmlGpmSampleGet", device, First));
            Assert.Equal(Nvml.Success, _nvml.Call("nvmlGpmSampleGet", device, Second));
        }

        public void TakeMig(nint device, int gpuInstance)
        {
            Assert.Equal(Nvml.Success, _nvml.Call("nvmlGpmMigSampleGet", device, gpuInstance, First));
            Assert.Equal(Nvml.Success, _nvml.Call("nvmlGpmMigSampleGet", device, gpuInstance, Second));
        }

        public (int Code, Native Memory) Get(params uint[] ids)
        {
            var get = new Native(24 + (40 * 333));
            get.Set(0, 1u).Set(4, (uint)ids.Length).Set(8, First).Set(16, Second);
            for (var i = 0; i < ids.Length; i++)
                get.Set(24 + (40 * i), ids[i]);
            return (_nvml.Call("nvmlGpmMetricsGet", get), get);
        }

        public List<(int Code, double Value)> Metrics(params uint[] ids)
        {
            var (code, memory) = Get(ids);
            using (memory)
            {
                Assert.Equal(Nvml.Success, code);
                return [.. Enumerable.Range(0, ids.Length).Select(i => (memory.I32(24 + (40 * i) + 4), memory.F64(24 + (40 * i) + 8)))];
            }
        }

        public void Dispose()
        {
            if (_freed)
                return;
            _freed = true;
            Assert.Equal(Nvml.Success, _nvml.Call("nvmlGpmSampleFree", First));
            Assert.Equal(Nvml.Success, _nvml.Call("nvmlGpmSampleFree", Second));
        }
    }
}
