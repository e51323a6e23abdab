using System.Diagnostics;
using Headroom.Testing;

namespace Headroom.Tests.Fakes;

public sealed class NvmlReadingTests
{
    [Fact]
    public void Every_gauge_follows_the_machine_while_it_runs()
    {
        using var machine = FakeMachine.TwoH100();
        using var nvml = RawNvml.Open(machine);
        var device = nvml.Device(1);
        var gpu = machine.Gpu(1);
        gpu.UtilizationPercent = 91;
        gpu.MemoryUtilizationPercent = 33;
        gpu.EncoderPercent = 4;
        gpu.DecoderPercent = 5;
        gpu.PowerMilliwatts = 612_345;
        gpu.EnergyMillijoules = 5_000_000_000_000;
        gpu.Celsius = 71;
        gpu.MarginCelsius = -2;
        gpu.PerformanceState = 2;
        gpu.PcieReplays = 6;
        gpu.PcieGeneration = 3;
        gpu.PcieWidth = 8;
        gpu.EccCorrected = 11;
        gpu.EccUncorrectedLifetime = 12;

        using var pair = new Native(8);
        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetUtilizationRates", device, pair));
        Assert.Equal((91u, 33u), (pair.U32(0), pair.U32(4)));
        using var other = new Native(8);
        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetEncoderUtilization", device, pair, other));
        Assert.Equal(4u, pair.U32(0));
        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetDecoderUtilization", device, pair, other));
        Assert.Equal(5u, pair.U32(0));
        Assert.Equal(612_345u, nvml.Gauge("nvmlDeviceGetPowerUsage", device));
        Assert.Equal(700_000u, nvml.Gauge("nvmlDeviceGetEnforcedPowerLimit", device));
        Assert.Equal(5_000_000_000_000u, nvml.Gauge64("nvmlDeviceGetTotalEnergyConsumption", device));
        Assert.Equal(71u, nvml.Gauge("nvmlDeviceGetTemperature", device, 0));
        Assert.Equal(1_980u, nvml.Gauge("nvmlDeviceGetClockInfo", device, 1));
        Assert.Equal(2_619u, nvml.Gauge("nvmlDeviceGetClockInfo", device, 2));
        Assert.Equal(2u, nvml.Gauge("nvmlDeviceGetPerformanceState", device));
        Assert.Equal(6u, nvml.Gauge("nvmlDeviceGetPcieReplayCounter", device));
        Assert.Equal(3u, nvml.Gauge("nvmlDeviceGetCurrPcieLinkGeneration", device));
        Assert.Equal(5u, nvml.Gauge("nvmlDeviceGetMaxPcieLinkGeneration", device));
        Assert.Equal(8u, nvml.Gauge("nvmlDeviceGetCurrPcieLinkWidth", device));
        Assert.Equal(16u, nvml.Gauge("nvmlDeviceGetMaxPcieLinkWidth", device));
        Assert.Equal(9u, nvml.Gauge("nvmlDeviceGetArchitecture", device));
        Assert.Equal(1u, nvml.Gauge("nvmlDeviceGetMinorNumber", device));
        Assert.Equal(1u, nvml.Gauge("nvmlDeviceGetIndex", device));
        Assert.Equal(1u, nvml.Gauge("nvmlDeviceGetPersistenceMode", device));
        using var errors = new Native(8);
        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetTotalEccErrors", device, 0, 0, errors));
        Assert.Equal(11u, errors.U64(0));
        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetTotalEccErrors", device, 1, 1, errors));
        Assert.Equal(12u, errors.U64(0));
        using var margin = new Native(8);
        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetMarginTemperature", device, margin.Set(0, 0x01000008u)));
        Assert.Equal(-2, margin.I32(4));
        using var temperature = new Native(12);
        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetTemperatureV", device, temperature.Set(0, 0x0100000Cu)));
        Assert.Equal(71, temperature.I32(8));
    }

    [Fact]
    public void A_card_has_a_name_a_uuid_and_an_address()
    {
        using var machine = FakeMachine.TwoH100();
        using var nvml = RawNvml.Open(machine);
        var device = nvml.Device(1);

        Assert.Equal("NVIDIA H100 80GB HBM3", nvml.String("nvmlDeviceGetName", device));
        Assert.Equal(machine.Gpu(1).Uuid, nvml.String("nvmlDeviceGetUUID", device));
        using var pci = new Native(68);
        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetPciInfo_v3", device, pci));
        Assert.Equal(("0000:21:00.0", 0x21u, "00000000:21:00.0"), (pci.Text(0), pci.U32(20), pci.Text(36)));
        using var capability = new Native(8);
        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetCudaComputeCapability", device, capability, capability + 4));
        Assert.Equal((9, 0), (capability.I32(0), capability.I32(4)));
        using var small = new Native(8);
        Assert.Equal(Nvml.InsufficientSize, nvml.Call("nvmlDeviceGetUUID", device, small, 8));
    }

    [Fact]
    public void Memory_v1_counts_the_reserved_part_as_used_and_v2_does_not()
    {
        using var machine = FakeMachine.OneH100();
        var gpu = machine.Gpu(0);
        (gpu.MemoryTotalBytes, gpu.MemoryReservedBytes, gpu.MemoryUsedBytes) = (1000, 100, 250);
        using var nvml = RawNvml.Open(machine);

        using var v1 = new Native(24);
        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetMemoryInfo", nvml.Device(0), v1));
        Assert.Equal((1000u, 650u, 350u), (v1.U64(0), v1.U64(8), v1.U64(16)));
        using var v2 = new Native(40);
        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetMemoryInfo_v2", nvml.Device(0), v2.Set(0, 0x02000028u)));
        Assert.Equal((1000u, 100u, 650u, 250u), (v2.U64(8), v2.U64(16), v2.U64(24), v2.U64(32)));
    }

    [Theory]
    [InlineData("nvmlDeviceGetMemoryInfo_v2")]
    [InlineData("nvmlDeviceGetTemperatureV")]
    [InlineData("nvmlDeviceGetMarginTemperature")]
    [InlineData("nvmlDeviceGetRunningProcessDetailList")]
    [InlineData("nvmlDeviceGetProcessesUtilizationInfo")]
    [InlineData("nvmlGpmQueryDeviceSupport")]
    public void A_versioned_struct_without_its_version_is_refused(string call)
    {
        using var machine = FakeMachine.OneH100();
        using var nvml = RawNvml.Open(machine);

        Assert.Equal(Nvml.ArgumentVersionMismatch, nvml.GaugeCode(call, nvml.Device(0)));
    }

    [Fact]
    public void Fields_succeed_and_fail_one_by_one()
    {
        using var machine = FakeMachine.OneH100();
        var gpu = machine.Gpu(0);
        gpu.MemoryCelsius = 88;
        gpu.PcieTransmitBytes = 123_456_789_012;
        gpu.RecoveryAction = 4;
        gpu.NvLinkTransmitKib = 1800;
        gpu.FaultField(198, Nvml.NotSupported);
        using var nvml = RawNvml.Open(machine);
        using var fields = Fields((82, 0), (197, 0), (198, 0), (230, 0), (138, uint.MaxValue), (138, 2), (9999, 0));

        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetFieldValues", nvml.Device(0), 7, fields));

        Assert.Equal([0, 0, 3, 0, 0, 0, 3], Codes(fields, 7));
        Assert.Equal((1u, 88u), (fields.U32(24), fields.U32(32)));
        Assert.Equal((3u, 123_456_789_012u), (fields.U32(40 + 24), fields.U64(40 + 32)));
        Assert.Equal(4u, fields.U32(120 + 32));
        Assert.Equal(1800u, fields.U64(160 + 32));
        Assert.Equal(100u, fields.U64(200 + 32));
    }

    [Theory]
    [InlineData(nameof(NvmlVariant.R535), new[] { 0, 0, 3, 3, 3 })]
    [InlineData(nameof(NvmlVariant.R470), new[] { 0, 3, 3, 3, 3 })]
    public void Fields_newer_than_the_driver_are_not_supported(string variant, int[] codes)
    {
        using var machine = FakeMachine.OneH100(Enum.Parse<NvmlVariant>(variant));
        using var nvml = RawNvml.Open(machine);
        using var fields = Fields((82, 0), (186, 0), (197, 0), (198, 0), (230, 0));

        Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceGetFieldValues", nvml.Device(0), 5, fields));

        Assert.Equal(codes, Codes(fields, 5));
    }

    [Fact]
    public void What_a_card_does_not_have_is_not_supported()
    {
        using var machine = FakeMachine.OneH100();
        var gpu = machine.Gpu(0);
        (gpu.Ecc, gpu.NvLinks, gpu.MigMax, gpu.Architecture) = (null, 0, 0, 6);
        using var nvml = RawNvml.Open(machine);
        var device = nvml.Device(0);
        using var a = new Native(8);
        using var b = new Native(8);

        Assert.Equal(Nvml.NotSupported, nvml.Call("nvmlDeviceGetFanSpeed_v2", device, 0, a));
        Assert.Equal(Nvml.NotSupported, nvml.Call("nvmlDeviceGetEccMode", device, a, b));
        Assert.Equal(Nvml.NotSupported, nvml.Call("nvmlDeviceGetTotalEccErrors", device, 0, 0, a));
        Assert.Equal(Nvml.NotSupported, nvml.Call("nvmlDeviceGetNvLinkState", device, 0, a));
        Assert.Equal(Nvml.NotSupported, nvml.Call("nvmlDeviceGetMigMode", device, a, b));
    }

    [Fact]
    public void Links_are_counted_until_the_first_that_is_not_there()
    {
        using var machine = FakeMachine.OneH100();
        machine.Gpu(0).NvLinks = 3;
        machine.Gpu(0).NvLinksDown = 0b010;
        using var nvml = RawNvml.Open(machine);

        Assert.Equal([1u, 0, 1], Enumerable.Range(0, 3).Select(link => nvml.Gauge("nvmlDeviceGetNvLinkState", nvml.Device(0), link)));
        using var state = new Native(4);
        Assert.Equal(Nvml.InvalidArgument, nvml.Call("nvmlDeviceGetNvLinkState", nvml.Device(0), 3, state));
    }

    [Fact]
    public void The_PCIe_throughput_call_takes_its_20_milliseconds()
    {
        using var machine = FakeMachine.OneH100();
        using var nvml = RawNvml.Open(machine);
        var device = nvml.Device(0);
        var clock = Stopwatch.StartNew();

        nvml.Gauge("nvmlDeviceGetPcieThroughput", device, 0);

        Assert.True(clock.ElapsedMilliseconds >= 19, $"took {clock.Elapsed.TotalMilliseconds} ms");
    }

    private static Native Fields(params (uint Id, uint Scope)[] ids)
    {
        var fields = new Native(40 * ids.Length);
        for (var i = 0; i < ids.Length; i++)
            fields.Set(40 * i, ids[i].Id).Set((40 * i) + 4, ids[i].Scope);
        return fields;
    }

    private static IEnumerable<int> Codes(Native fields, int count) => Enumerable.Range(0, count).Select(i => fields.I32((40 * i) + 28));
}
