using Headroom.Model;
using Headroom.Policies.Binding;
using Headroom.Policies.Yaml;
using BreakerKey = Headroom.Policies.Binding.Key<Headroom.Model.BreakerPolicy>;
using LimitsKey = Headroom.Policies.Binding.Key<Headroom.Model.LimitsPolicy>;
using ReserveKey = Headroom.Policies.Binding.Key<Headroom.Model.GpuReserve>;
using VramKey = Headroom.Policies.Binding.Key<Headroom.Model.VramPolicy>;

namespace Headroom.Policies.Tables;

/// <summary>The keys of <c>limits:</c> and of the policy's <c>vram:</c>.</summary>
internal static class LimitsTable
{
    private static readonly ScalarShape<long> Reserve = new("a size", "5GiB", Scalars.Size, range: new("0, or 1MiB or more", bytes => bytes is 0 or >= 1 << 20), json: ScalarJson.Size);

    private static readonly Mapping<BreakerPolicy> Breaker = new(
        "breaker", "{ failures: 3, within: 10m }", _ => new(),
        [
            BreakerKey.Optional("failures", Shapes.Whole(1, 100, "3"), "So many failed actions; 3 by default.", (b, v) => b with { Failures = v }),
            BreakerKey.Optional("within", Shapes.Within("1m", "1d", "10m"), "In so short a time; 10m by default.", (b, v) => b with { Within = v }),
        ]);

    public static readonly Mapping<LimitsPolicy> Limits = new(
        "limits", "{ restartsPerHour: 2, maxHeld: 50% }", _ => new(),
        [
            LimitsKey.Optional("restartsPerHour", Shapes.Whole(0, 100, "2"), "Restarts on this server; 2 by default.", (l, v) => l with { RestartsPerHour = v }),
            LimitsKey.Optional("maxHeld", Shapes.Percent("0%", "100%", "50%"), "Part of the opted-in workloads that may be paused, stopped or asleep at once, windows not counted; 50% by default. One is always allowed.", (l, v) => l with { MaxHeld = v }),
            LimitsKey.Optional("maxHold", Shapes.Within("1m", "30d", "12h"), "No hold lasts longer, windows not counted; 12h by default.", (l, v) => l with { MaxHold = v }),
            LimitsKey.Optional("maxFreeze", Shapes.Within("100ms", "10m", "10s"), "No freeze lasts longer without a breath, unless it became a pause; 10s by default.", (l, v) => l with { MaxFreeze = v }),
            LimitsKey.Optional("breaker", Breaker, "After so many failed actions Headroom only recommends, until a person resets it.", (l, v) => l with { Breaker = v }),
        ]);

    private static readonly Mapping<GpuReserve> Gpu = new(
        "a GPU", "{ index: 1, reserve: 2GiB }", _ => new(0, 0),
        [
            ReserveKey.Required("index", Shapes.Whole(0, 255, "1"), "Index of the GPU, as nvidia-smi shows it.", (g, v) => g with { Index = v }),
            ReserveKey.Required("reserve", Reserve, "VRAM to keep free on it.", (g, v) => g with { ReserveBytes = v }),
        ]);

    public static readonly Mapping<VramPolicy> Vram = new(
        "vram", "{ strategy: priority, reserve: 5GiB }", _ => new(),
        [
            VramKey.Optional("strategy", PolicyWords.Strategy.Shape, "fixed (the default): caps as written. dynamic: caps follow use, guarantees stay. priority: as dynamic, and higher priorities reclaim from lower ones.", (p, v) => p with { Strategy = v }),
            VramKey.Optional("reserve", Reserve, "VRAM to keep free on each GPU; by default the larger of 1GiB and 5% of the card.", (p, v) => p with { ReserveBytes = v }),
            VramKey.Optional("gpus", new ListShape<GpuReserve>(Gpu), "GPUs with a reserve of their own.", (p, v) => p with { Gpus = v }),
        ],
        (_, mapping, problems) =>
        {
            var seen = new Dictionary<string, Place>();
            foreach (var gpu in mapping.Find("gpus")?.Value is YamlSequence gpus ? gpus.Items.OfType<YamlMapping>() : [])
                if (gpu.Find("index")?.Value is YamlScalar { IsNothing: false } index && !seen.TryAdd(index.Text, index.At))
                    problems.Add(index.At, $"GPU {index.Text} stands already at {seen[index.Text]}");
        });
}
