using Headroom.Testing;

namespace Headroom.Tests.Fakes;

public sealed class NvmlVariantTests
{
    private static readonly string[] Since615 = ["nvmlDeviceSetMemoryLimits_v1", "nvmlDeviceGetMemoryLimits_v1"];

    private static readonly string[] Newest =
    [
        "nvmlDeviceGetRunningProcessDetailList", "nvmlDeviceGetProcessesUtilizationInfo", "nvmlDeviceGetTemperatureV", "nvmlDeviceGetMarginTemperature",
    ];

    private static readonly string[] After470 =
    [
        "nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceGetConfComputeMemSizeInfo", "nvmlDeviceGetCurrentClocksEventReasons",
        "nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetMPSComputeRunningProcesses_v3",
        "nvmlGpmQueryDeviceSupport", "nvmlGpmSampleAlloc", "nvmlGpmSampleFree", "nvmlGpmSampleGet", "nvmlGpmMigSampleGet", "nvmlGpmMetricsGet",
    ];

    [Theory]
    [InlineData(nameof(NvmlVariant.R615))]
    [InlineData(nameof(NvmlVariant.Full))]
    [InlineData(nameof(NvmlVariant.R535))]
    [InlineData(nameof(NvmlVariant.R470))]
    public void Functions_that_a_driver_lacks_are_not_exported(string name)
    {
        var variant = Enum.Parse<NvmlVariant>(name);
        using var machine = FakeMachine.TwoH100(variant);
        using var nvml = RawNvml.Load(machine);

        var absent = variant switch
        {
            NvmlVariant.R615 => [],
            NvmlVariant.Full => Since615,
            NvmlVariant.R535 => Since615.Concat(Newest),
            _ => Since615.Concat(Newest).Concat(After470),
        };
        var exported = Enum.GetNames<NvmlCall>().Select(call => "nvml" + call).Append("nvmlErrorString");
        Assert.Equal(absent.Order(), exported.Where(call => !nvml.Has(call)).Order());
    }

    [Theory]
    [InlineData(nameof(NvmlVariant.R615), "615.71.09", "13.615.71.09", 13040)]
    [InlineData(nameof(NvmlVariant.Full), "580.95.05", "13.580.95.05", 13000)]
    [InlineData(nameof(NvmlVariant.R535), "535.54.03", "12.535.54.03", 12020)]
    [InlineData(nameof(NvmlVariant.R470), "470.256.02", "11.470.256.02", 11040)]
    public void Each_variant_tells_its_versions(string variant, string driver, string library, int cuda)
    {
        using var machine = FakeMachine.TwoH100(Enum.Parse<NvmlVariant>(variant));
        using var nvml = RawNvml.Open(machine);

        Assert.Equal(driver, nvml.DriverVersion());
        Assert.Equal(library, nvml.String("nvmlSystemGetNVMLVersion", null));
        using var version = new Native(4);
        Assert.Equal(Nvml.Success, nvml.Call("nvmlSystemGetCudaDriverVersion_v2", version));
        Assert.Equal(cuda, version.I32(0));
    }

    [Fact]
    public void The_old_name_of_the_throttle_reasons_stays()
    {
        using var machine = FakeMachine.OneH100();
        machine.Gpu(0).ThrottleBits = 0x44;
        using var nvml = RawNvml.Open(machine);

        Assert.Equal(0x44u, nvml.Gauge64("nvmlDeviceGetCurrentClocksThrottleReasons", nvml.Device(0)));
        Assert.Equal(0x44u, nvml.Gauge64("nvmlDeviceGetCurrentClocksEventReasons", nvml.Device(0)));
    }

    [Fact]
    public void Two_machines_in_one_process_do_not_mix()
    {
        using var one = FakeMachine.OneH100();
        using var two = FakeMachine.TwoA100(NvmlVariant.R470);
        using var first = RawNvml.Open(one);
        using var second = RawNvml.Open(two);

        Assert.Equal("NVIDIA H100 80GB HBM3", first.String("nvmlDeviceGetName", first.Device(0)));
        Assert.Equal("NVIDIA A100-SXM4-40GB", second.String("nvmlDeviceGetName", second.Device(1)));
        Assert.Equal(Nvml.InvalidArgument, first.GaugeCode("nvmlDeviceGetIndex", 0));
    }
}
