using CsCheck;
using Headroom.Model;
using Headroom.Observe.Gpus.NvidiaSmi;

namespace Headroom.Tests.Observe.Gpus.NvidiaSmi;

public sealed class NvidiaSmiParserTests
{
    private const long MiB = 1024 * 1024;
    private static readonly MonoTime At = new(TimeSpan.FromSeconds(7));

    [Fact]
    public void The_driver_and_the_cards_are_known_by_the_names_that_NVML_gives_them()
    {
        var sweep = NvidiaSmiParser.Parse(SmiFixtures.Driver470, At);

        Assert.Equal(new DriverInfo("nvidia-smi", "470.256.02", null, "11.4"), sweep.Driver);
        Assert.Equal(
            new GpuIdentity(0, "GPU-11111111-2222-3333-4444-555555555555", "Tesla T4", "00000000:3B:00.0", null, null, MigEnabled: false),
            sweep.Gpus[0].Identity);
        Assert.Equal((1, "Tesla P100-PCIE-16GB"), (sweep.Gpus[1].Index, sweep.Gpus[1].Identity.Name));
        Assert.Equal("Hopper", NvidiaSmiParser.Parse(SmiFixtures.Driver580, At).Gpus[0].Identity.Architecture);
    }

    [Fact]
    public void Numbers_come_in_base_units_and_ratios()
    {
        var gpu = NvidiaSmiParser.Parse(SmiFixtures.Driver470, At).Gpus[0];

        Assert.Equal(Reading.Fresh(new GpuMemory(15109 * MiB, 0, 1024 * MiB, 14085 * MiB), At), gpu.Memory);
        Assert.Equal((0.12, 0.03, 0, 1),
            (gpu.Activity.Utilization.Value, gpu.Activity.MemoryUtilization.Value, gpu.Activity.Encoder.Value, gpu.Activity.Decoder.Value));
        Assert.Equal((9.81, 65), (gpu.Power.Watts.Value, gpu.Power.LimitWatts.Value));
        Assert.Equal((300e6, 405e6, 8), (gpu.Power.SmClockHertz.Value, gpu.Power.MemoryClockHertz.Value, gpu.Power.PerformanceState.Value));
        Assert.Equal((1, 8), (gpu.Links.PcieGeneration.Value, gpu.Links.PcieWidth.Value));
        Assert.Equal(41, gpu.Thermal.Celsius.Value);
        Assert.Equal(3, gpu.Reliability.PcieReplays.Value);
    }

    [Fact]
    public void What_it_does_not_tell_is_unsupported_never_zero()
    {
        var gpu = NvidiaSmiParser.Parse(SmiFixtures.Driver470, At).Gpus[0];

        Assert.Equal(Reading.Unsupported<double>(At), gpu.Thermal.FanRatio);
        Assert.Equal(Reading.Unsupported<double>(At), gpu.Thermal.MemoryCelsius);
        Assert.Equal(Reading.Unsupported<double>(At), gpu.Thermal.MarginCelsius);
        Assert.Equal(Reading.Unsupported<double>(At), gpu.Power.EnergyJoules);
        Assert.Equal(Reading.Unsupported<long>(At), gpu.Reliability.RemappedRowsCorrectable);
        Assert.Equal(Reading.Unsupported<int>(At), gpu.Reliability.RemapPending);
        Assert.Equal(Reading.Unsupported<int>(At), gpu.Reliability.RecoveryAction);
        Assert.Equal(Reading.Unsupported<long>(At), gpu.Links.PcieTransmitBytes);
        Assert.Equal(Reading.Unsupported<long>(At), gpu.Links.NvLinkReceiveBytes);
        Assert.Null(gpu.Activity.Gpm);
    }

    [Fact]
    public void What_it_could_not_read_has_failed()
    {
        var gpu = NvidiaSmiParser.Parse(SmiFixtures.Driver580, At).Gpus[0];

        Assert.Equal(Reading.Failed<double>(At), gpu.Activity.MemoryUtilization);
        Assert.Equal(Reading.Failed<long>(At), gpu.Reliability.EccUncorrectedLifetime);
        Assert.Equal(Reading.Unsupported<long>(At), gpu.Reliability.EccCorrectedLifetime);
        Assert.Equal(Reading.Unsupported<double>(At), gpu.Thermal.FanRatio);
    }

    [Fact]
    public void Newer_drivers_tell_more_under_other_names()
    {
        var gpu = NvidiaSmiParser.Parse(SmiFixtures.Driver580, At).Gpus[0];

        // Free is the rest: the four numbers are rounded one by one and sum to 81560 MiB here.
        Assert.Equal(new GpuMemory(81559 * MiB, 551 * MiB, 65720 * MiB, 15288 * MiB), gpu.Memory.Value);
        Assert.Equal((612.34, 700), (gpu.Power.Watts.Value, gpu.Power.LimitWatts.Value));
        Assert.Equal((80, -3), (gpu.Thermal.MemoryCelsius.Value, gpu.Thermal.MarginCelsius.Value));
        Assert.Equal((1, 2, 1, 0), (gpu.Reliability.RemappedRowsCorrectable.Value, gpu.Reliability.RemappedRowsUncorrectable.Value,
            gpu.Reliability.RemapPending.Value, gpu.Reliability.RemapFailed.Value));
        Assert.Equal(4, gpu.Reliability.RecoveryAction.Value);
        Assert.Equal(500, NvidiaSmiParser.Parse(SmiFixtures.Driver535Mig, At).Gpus[0].Power.LimitWatts.Value);
    }

    [Fact]
    public void ECC_errors_are_summed_over_the_memories_of_each_generation()
    {
        var turing = NvidiaSmiParser.Parse(SmiFixtures.Driver470, At).Gpus[0].Reliability;
        var pascal = NvidiaSmiParser.Parse(SmiFixtures.Driver470, At).Gpus[1].Reliability;
        var hopper = NvidiaSmiParser.Parse(SmiFixtures.Driver580, At).Gpus[0].Reliability;

        Assert.Equal((11, 22), (turing.EccCorrected.Value, turing.EccUncorrected.Value));
        Assert.Equal((5, 0), (pascal.EccCorrected.Value, pascal.EccUncorrected.Value));
        Assert.Equal((5, 10), (hopper.EccCorrected.Value, hopper.EccUncorrected.Value));
        Assert.Equal(Reading.Unsupported<long>(At), turing.EccCorrectedLifetime);
    }

    [Fact]
    public void Throttle_reasons_are_NVMLs_bits_under_either_name()
    {
        var old = NvidiaSmiParser.Parse(SmiFixtures.Driver470, At).Gpus[0].Thermal.ThrottleReasonBits;
        var now = NvidiaSmiParser.Parse(SmiFixtures.Driver535Mig, At).Gpus[0].Thermal.ThrottleReasonBits;

        Assert.Equal(0x101u, old.Value);
        Assert.Equal(["hw_slowdown", "hw_thermal_slowdown", "other"], ThrottleReasons.Names(now.Value!.Value));
        Assert.Equal(Reading.Unsupported<ulong>(At), NvidiaSmiParser.Parse(SmiFixtures.Driver580, At).Gpus[0].Thermal.ThrottleReasonBits);
    }

    [Fact]
    public void Processes_have_one_entry_a_pid_and_unknown_memory_stays_unknown()
    {
        var processes = NvidiaSmiParser.Parse(SmiFixtures.Driver580, At).Gpus[0].Processes;

        Assert.Equal(
            [
                new GpuProcess(101, GpuProcessKinds.Compute, 65000 * MiB, null, null, "VLLM::EngineCore", null),
                new GpuProcess(102, GpuProcessKinds.Compute | GpuProcessKinds.Mps, null, null, null, "python3", null),
                new GpuProcess(103, GpuProcessKinds.Compute | GpuProcessKinds.Graphics, 100 * MiB, null, null, "blender", null),
                new GpuProcess(104, GpuProcessKinds.Compute | GpuProcessKinds.Graphics, 20 * MiB, null, null, "x", null),
            ],
            processes);
        Assert.Equal([], NvidiaSmiParser.Parse(SmiFixtures.Driver470, At).Gpus[1].Processes!);
    }

    [Fact]
    public void A_split_card_shows_its_instances_and_no_utilisation()
    {
        var gpu = NvidiaSmiParser.Parse(SmiFixtures.Driver535Mig, At).Gpus[0];

        Assert.True(gpu.Identity.MigEnabled);
        Assert.Equal(Reading.Unsupported<double>(At), gpu.Activity.Utilization);
        Assert.Equal([(0, 3, 0), (4, 11, 1)], gpu.Mig.Select(mig => (mig.Index, mig.GpuInstanceId, mig.ComputeInstanceId!.Value)));
        Assert.Equal(Reading.Fresh(new GpuMemory(19968 * MiB, 0, 512 * MiB, 19456 * MiB), At), gpu.Mig[0].Memory);
        Assert.Equal(Reading.Failed<GpuMemory>(At), gpu.Mig[1].Memory);
        Assert.Equal(2, gpu.Mig.Select(mig => mig.Uuid).Distinct().Count());
        Assert.Equal(3, gpu.Processes!.Single().MigInstanceId);
        Assert.Equal(4, gpu.Reliability.RecoveryAction.Value);
    }

    [Fact]
    public void A_lost_card_goes_dark_and_the_others_stay()
    {
        var sweep = NvidiaSmiParser.Parse(SmiFixtures.Broken, At);

        Assert.Null(sweep.Driver.CudaVersion);
        Assert.Equal([GpuHealth.Lost, GpuHealth.Failed, GpuHealth.Ok], sweep.Gpus.Select(gpu => gpu.Health));
        Assert.Equal("00000000:19:00.0", sweep.Gpus[0].Identity.Uuid);
        Assert.Contains("GPU is lost", sweep.Gpus[0].HealthReason, StringComparison.Ordinal);
        Assert.Null(sweep.Gpus[0].Processes);
        Assert.Equal(90 * MiB, sweep.Gpus[2].Memory.Value!.Value.FreeBytes);
        Assert.Null(sweep.Gpus[2].Processes); // a list that could not be read is not an empty one
    }

    [Theory]
    [InlineData("")]
    [InlineData("No devices were found\n")]
    [InlineData("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\nMake sure that it runs.\n")]
    public void Plain_words_instead_of_XML_are_passed_on(string output)
    {
        var error = Assert.Throws<FormatException>(() => NvidiaSmiParser.Parse(output, At));

        Assert.EndsWith(output.Length == 0 ? "nothing" : output.Split('\n')[0], error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Warnings_around_the_XML_do_no_harm()
    {
        var output = $"WARNING: something is odd\n{SmiFixtures.Driver580}\nWARNING: infoROM is corrupted at gpu 0000:19:00.0\n";

        Assert.Single(NvidiaSmiParser.Parse(output, At).Gpus);
    }

    [Fact]
    public void A_process_name_that_breaks_the_XML_costs_only_the_names()
    {
        var output = SmiFixtures.Driver580.Replace("x &amp; y", "a <b & c", StringComparison.Ordinal);

        var processes = NvidiaSmiParser.Parse(output, At).Gpus[0].Processes!;

        Assert.Equal([101, 102, 103, 104], processes.Select(process => process.Pid));
        Assert.All(processes, process => Assert.Null(process.Command));
    }

    [Theory]
    [InlineData("<?xml version=\"1.0\" ?><html></html>", "<html>")]
    [InlineData("<nvidia_smi_log><gpu>", "nvidia-smi -q -x: ")]
    public void Other_XML_and_half_of_it_are_refused(string output, string says)
    {
        Assert.Contains(says, Assert.Throws<FormatException>(() => NvidiaSmiParser.Parse(output, At)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_is_cut_out_or_written_over_it_never_fails_in_another_way()
    {
        string[] documents = [SmiFixtures.Driver470, SmiFixtures.Driver535Mig, SmiFixtures.Driver580, SmiFixtures.Broken];
        var damaged =
            from document in Gen.Int[0, documents.Length - 1].Select(i => documents[i])
            from at in Gen.Int[0, document.Length - 1]
            from length in Gen.Int[0, Math.Min(200, document.Length - at)]
            from garbage in Gen.String[Gen.OneOf(Gen.Char, Gen.Char["<>&/-9"]), 0, 20]
            select document.Remove(at, length).Insert(at, garbage);

        damaged.Sample(output =>
        {
            try
            {
                foreach (var gpu in NvidiaSmiParser.Parse(output, At).Gpus)
                    Assert.True(gpu.Memory.Value is not { } memory || memory is { TotalBytes: >= 0, ReservedBytes: >= 0, UsedBytes: >= 0, FreeBytes: >= 0 });
            }
            catch (FormatException)
            {
            }
        }, iter: 5_000);
    }
}
