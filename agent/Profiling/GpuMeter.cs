using Headroom.Model;

namespace Headroom.Profiling;

/// <summary>What was seen of the GPUs over some seconds. Null: not known.</summary>
/// <param name="PeakBytes">Of the target on all its GPUs together.</param>
/// <param name="SmUse">Mean of the target's own, summed over its processes, 0..1 a GPU.</param>
/// <param name="Watts">Mean of its GPUs together.</param>
internal sealed record GpuFigures(long? PeakBytes, double? SmUse, double? Watts);

/// <summary>GPU sweeps -> what the target takes of the GPUs, and who else is there. Fed by one caller.</summary>
/// <param name="isTarget">Whether a process is one of the target's.</param>
internal sealed class GpuMeter(Func<GpuProcess, bool> isTarget)
{
    private readonly SortedDictionary<int, Card> _cards = [];
    private readonly Dictionary<(string Name, int Gpu), ProfileNeighbour> _neighbours = [];
    private readonly List<double> _sm = [], _watts = [];
    private long? _peak;

    private sealed record Card(GpuIdentity Identity, long TotalBytes, long IdleBytes, long PeakBytes, long LastBytes);

    /// <summary>The driver did not tell how much one of the target's processes holds.</summary>
    public bool Untold { get; private set; }
    public bool Seen => _cards.Count > 0;

    public void Feed(GpuSweep sweep)
    {
        long? held = null;
        double? sm = null, watts = null;
        foreach (var gpu in sweep.Gpus)
        {
            var own = (gpu.Processes ?? []).Where(isTarget).ToList();
            if (gpu.Health != GpuHealth.Ok || (own.Count == 0 && !_cards.ContainsKey(gpu.Index)))
                continue;
            Untold |= own.Exists(p => p.UsedBytes is null);
            var bytes = own.Sum(p => p.UsedBytes ?? 0);
            held = (held ?? 0) + bytes;
            if (own.Exists(p => p.Use is not null))
                sm = (sm ?? 0) + own.Sum(p => p.Use?.Sm ?? 0);
            if (gpu.Power.Watts.Known() is { } power)
                watts = (watts ?? 0) + power;
            _cards[gpu.Index] = _cards.TryGetValue(gpu.Index, out var card)
                ? card with { PeakBytes = Math.Max(card.PeakBytes, bytes), LastBytes = bytes }
                : new Card(gpu.Identity, gpu.Memory.Known()?.TotalBytes ?? 0, bytes, bytes, bytes);
            Neighbours(gpu);
        }
        if (held is { } all)
            _peak = Math.Max(_peak ?? 0, all);
        if (sm is { } use)
            _sm.Add(use);
        if (watts is { } w)
            _watts.Add(w);
    }

    /// <summary>The figures since the last call, and begins anew.</summary>
    public GpuFigures Take()
    {
        var figures = new GpuFigures(Untold ? null : _peak, Mean(_sm), Mean(_watts));
        _peak = null;
        _sm.Clear();
        _watts.Clear();
        return figures;
    }

    /// <summary>Idle is the first that was fed, after the last.</summary>
    public IReadOnlyList<ProfileVram> Vram() => Untold
        ? []
        : [.. _cards.Values.Select(c => new ProfileVram(c.Identity.Index, c.Identity.Name, c.Identity.Uuid, c.TotalBytes, c.IdleBytes, c.PeakBytes, c.LastBytes))];

    /// <param name="names">Container id -> workload name.</param>
    public IReadOnlyList<ProfileNeighbour> Neighbours(IReadOnlyDictionary<string, string> names) =>
    [
        .. _neighbours.Values.Select(n => n with { Name = names.GetValueOrDefault(n.Name, n.Name) }).OrderBy(n => n.Gpu).ThenByDescending(n => n.Bytes),
    ];

    private void Neighbours(GpuSample gpu)
    {
        foreach (var other in (gpu.Processes ?? []).Where(p => !isTarget(p)).GroupBy(p => p.ContainerId ?? p.Command ?? "unknown"))
        {
            var (bytes, sm) = (other.Sum(p => p.UsedBytes ?? 0), other.Any(p => p.Use is not null) ? other.Sum(p => p.Use?.Sm ?? 0) : (double?)null);
            var before = _neighbours.GetValueOrDefault((other.Key, gpu.Index));
            _neighbours[(other.Key, gpu.Index)] = new ProfileNeighbour(other.Key, gpu.Index, Math.Max(bytes, before?.Bytes ?? 0), Larger(sm, before?.SmUse));
        }
    }

    private static double? Larger(double? one, double? other) => one is null ? other : other is null ? one : Math.Max(one.Value, other.Value);

    private static double? Mean(List<double> values) => values.Count == 0 ? null : values.Average();
}
