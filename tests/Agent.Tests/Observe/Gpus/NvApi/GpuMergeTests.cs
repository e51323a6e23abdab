using CsCheck;
using Headroom.Model;
using Headroom.Observe.Gpus.NvApi;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Observe.Gpus.NvApi;

public sealed class GpuMergeTests
{
    private const long GiB = 1L << 30;
    private static readonly MonoTime At = new FakeTimeProvider().Mono();

    [Fact]
    public void What_the_desktop_driver_hides_from_NVML_is_NVAPIs()
    {
        var nvml = Sweep("nvml", Card(0, "00000000:41:00.0", celsius: 50));
        var merged = GpuMerge.Of(nvml, Sweep("nvapi", Card(0, "00000000:41:00.0", celsius: 51, utilization: 0.7, usedGiB: 6)));
        var gpu = Assert.Single(merged.Gpus);
        Assert.Equal((50, 0.7, 6 * GiB), (gpu.Thermal.Celsius.Known(), gpu.Activity.Utilization.Known(), gpu.Memory.Known()!.Value.UsedBytes));
        Assert.Equal(("nvml+nvapi", "GPU-0"), (merged.Driver.Source, gpu.Identity.Uuid));
    }

    [Fact]
    public void Cards_are_matched_by_their_bus_and_not_by_their_order()
    {
        var merged = GpuMerge.Of(
            Sweep("nvml", Card(0, "00000000:41:00.0"), Card(1, "00000000:C1:00.0")),
            Sweep("nvapi", Card(0, "00000000:c1:00.0", utilization: 0.9), Card(1, "00000000:41:00.0", utilization: 0.1)));
        Assert.Equal([0.1, 0.9], merged.Gpus.Select(g => g.Activity.Utilization.Known()!.Value));
    }

    [Fact]
    public void A_card_that_only_NVAPI_sees_comes_last_under_a_free_index()
    {
        var merged = GpuMerge.Of(Sweep("nvml", Card(0, "00000000:41:00.0"), Card(2, "00000000:C1:00.0")), Sweep("nvapi", Card(0, "00000000:01:00.0"), Card(1, "00000000:41:00.0")));
        Assert.Equal([0, 2, 3], merged.Gpus.Select(g => g.Index));
        Assert.Equal("00000000:01:00.0", merged.Gpus[2].Identity.PciBusId);
    }

    [Fact]
    public void Where_the_bus_does_not_tell_them_apart_nothing_is_filled_and_none_shown_twice()
    {
        var twoDomains = GpuMerge.Of(Sweep("nvml", Card(0, "00000000:41:00.0"), Card(1, "00000001:41:00.0")), Sweep("nvapi", Card(0, "00000000:41:00.0", utilization: 0.5)));
        Assert.All(twoDomains.Gpus, g => Assert.Null(g.Activity.Utilization.Known()));
        Assert.Equal(2, twoDomains.Gpus.Count);

        var noBus = GpuMerge.Of(Sweep("nvml", Card(0, null)), Sweep("nvapi", Card(0, "00000000:41:00.0", utilization: 0.5)));
        Assert.Null(Assert.Single(noBus.Gpus).Activity.Utilization.Known());
    }

    [Fact]
    public void A_card_that_NVML_calls_lost_is_not_made_to_look_alive()
    {
        var lost = GpuSample.Dark(Card(0, "00000000:41:00.0").Identity, GpuHealth.Lost, "fell off the bus", At);
        Assert.Equal(lost, Assert.Single(GpuMerge.Of(Sweep("nvml", lost), Sweep("nvapi", Card(0, "00000000:41:00.0", utilization: 0.5))).Gpus));
    }

    [Fact]
    public void Nothing_that_NVML_knows_is_changed()
    {
        var reading = Gen.Select(Gen.Enum<ReadingState>(), Gen.Double[0, 1]).Select((state, value) => new Reading<double>(state, value, At));
        Gen.Select(reading, reading).Sample((nvml, nvApi) =>
        {
            var merged = GpuMerge.Of(
                Sweep("nvml", Card(0, "00000000:41:00.0") with { Activity = new GpuActivity { Utilization = nvml } }),
                Sweep("nvapi", Card(0, "00000000:41:00.0") with { Activity = new GpuActivity { Utilization = nvApi } })).Gpus[0].Activity.Utilization;
            Assert.Equal(nvml.Known() ?? nvApi.Known(), merged.Known());
            if (nvml.Known() is not null || nvApi.Known() is null)
                Assert.Equal(nvml, merged);
        });
    }

    internal static GpuSweep Sweep(string source, params GpuSample[] gpus) => new(new DriverInfo(source, null, null, null), gpus);

    internal static GpuSample Card(int index, string? bus, double? celsius = null, double? utilization = null, double? usedGiB = null) => new()
    {
        Identity = new GpuIdentity(index, $"GPU-{index}", "RTX", bus, null, null, false), Health = GpuHealth.Ok, At = At,
        Memory = usedGiB is { } used ? Reading.Fresh(new GpuMemory(24 * GiB, 0, (long)(used * GiB), 24 * GiB - (long)(used * GiB)), At) : Reading.Unsupported<GpuMemory>(At),
        Thermal = new GpuThermal { Celsius = celsius is { } degrees ? Reading.Fresh(degrees, At) : Reading.Failed<double>(At) },
        Activity = new GpuActivity { Utilization = utilization is { } ratio ? Reading.Fresh(ratio, At) : Reading.Unsupported<double>(At) },
    };
}
