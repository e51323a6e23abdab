using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>What a group's load asks for now: one replica more, one less, or no change, which is also the answer to what is not known.</summary>
/// <param name="Pressure">Worst that is known: of the group, or of the neighbour <paramref name="For"/>.</param>
/// <param name="Projected">With one replica less.</param>
internal readonly record struct ScaleLoad(bool More, bool Less, double Pressure = 0, double Projected = 0, string? For = null)
{
    private const double Full = 1;
    /// <summary>From here on a queue is reason enough.</summary>
    private const double Tight = 0.85;
    private const double Slack = 0.5;
    /// <summary>Those that stay must not come near <see cref="Tight"/>.</summary>
    private const double Comfortable = 0.7;

    /// <summary>A group with SLOs, by its own pressure. One replica less is projected as pressure * n / (n - 1): in proportion to the load of each.</summary>
    public static ScaleLoad OfServers(IReadOnlyList<WorkloadSnapshot> on)
    {
        var (worst, unknown, waiting) = (-1.0, false, 0.0);
        foreach (var workload in on)
        {
            waiting += workload.Latency?.Waiting ?? 0;
            if (workload.Policy.Slos.Count == 0)
                continue;
            if (PressureOf(workload) is { } pressure)
                worst = Math.Max(worst, pressure);
            else
                unknown = true;
        }
        if (worst < 0)
            return default;
        var projected = worst <= 0 ? 0 : on.Count > 1 ? worst * on.Count / (on.Count - 1) : double.PositiveInfinity;
        return new ScaleLoad(
            More: worst > Full || (worst > Tight && waiting > 0),
            Less: !unknown && waiting <= 0 && worst < Slack && projected < Comfortable,
            worst, projected);
    }

    /// <summary>A group without SLOs: as many as may run while no protected neighbour on its GPUs suffers.</summary>
    /// <param name="gpus">Where the group runs, or would.</param>
    public static ScaleLoad OfBatch(RuleInput input, IReadOnlyList<WorkloadSnapshot> on, IReadOnlyList<WorkloadSnapshot> members, IEnumerable<int> gpus)
    {
        var law = input.Policy.Rules.LatencyGuard;
        var (calm, worst, suffering) = (true, -1.0, (string?)null);
        var priority = members.Max(m => m.Policy.Priority);
        foreach (var neighbour in gpus.SelectMany(input.Near.On).DistinctBy(w => w.Name).OrderBy(w => w.Name, StringComparer.Ordinal))
        {
            if (neighbour.Policy.Slos.Count == 0 || neighbour.Policy.Priority <= priority || !neighbour.Container.Runs)
                continue;
            var pressure = PressureOf(neighbour);
            calm &= pressure < law.LeaveBelow;
            if (pressure > worst && on.Any(m => input.Near.Meet(m.Name, neighbour.Name)))
                (worst, suffering) = (pressure.Value, neighbour.Name);
        }
        return new ScaleLoad(More: calm, Less: worst > law.EnterAbove, worst, 0, suffering);
    }

    /// <summary>Requests that it has, as far as anybody knows; null: nobody knows.</summary>
    public static double? InFlight(WorkloadSnapshot workload)
    {
        double? known = workload.Activity is { InFlight: { } seen, Confidence: not ActivityConfidence.None } ? seen : null;
        if (workload.Latency is { } latency && (latency.IsIdle || latency.Running is not null || latency.Waiting is not null))
            known = Math.Max(known ?? 0, latency.IsIdle ? 0 : (latency.Running ?? 0) + (latency.Waiting ?? 0));
        return known;
    }

    // Nobody asks: no pressure, which is known. NaN is not.
    private static double? PressureOf(WorkloadSnapshot workload) => workload.Pressure switch
    {
        { State: ReadingState.Idle } => 0,
        { State: ReadingState.Fresh, Value: >= 0 } fresh => fresh.Value,
        _ => null,
    };
}
