using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>One protected workload at one tick: what it asks of those below it.</summary>
/// <param name="Forecast">Pressure that the requests in flight are heading for; null when nobody waits.</param>
/// <param name="Lasts">The breach has lasted: more than the floor must go.</param>
/// <param name="Targets">Whom it may be asked of, by name; empty: nobody is below it.</param>
/// <param name="Chosen">Of those the ones that a new cut goes to: the guilty, else all.</param>
internal sealed record ProtectedJudgement(
    WorkloadSnapshot Workload, LatencyEvidence Evidence, double? Forecast, bool Lasts, Demand Demand, ProtectedMemory Memory, IReadOnlySet<string> Targets, IReadOnlySet<string> Chosen)
{
    /// <summary>A stale source keeps what is held this long; then it is given back (invariant: no hold on what is not known).</summary>
    private static readonly TimeSpan UnknownFor = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ClearAfter = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookAgainFor = TimeSpan.FromSeconds(10);
    private static readonly Dictionary<string, LatencyHistogram> NoCounts = [];
    /// <summary>So much worse than with all held: they had a part in it after all.</summary>
    private const double WorseBy = 1.25;

    public static ProtectedJudgement Of(
        RuleInput input, WorkloadSnapshot workload, ProtectedMemory m, IReadOnlySet<string> targets, Func<string, bool> isHeld, GuardMemory guard, BlameMemory blame)
    {
        m = QueueForecast.Count(workload, m);
        var settings = input.Policy.Rules.LatencyGuard;
        var now = input.Now;
        var evidence = LatencyEvidence.Of(workload, m, now);
        var forecast = QueueForecast.Pressure(workload, m);
        var x = evidence.Pressure;
        var near = (settings.LeaveBelow + settings.EnterAbove) / 2;

        var unknownSince = evidence.Unknown ? m.UnknownSince ?? now : (MonoTime?)null;
        var highSince = x > settings.EnterAbove || forecast > settings.EnterAbove ? m.HighSince ?? now : x is not null || evidence.Idle || evidence.Unknown ? null : m.HighSince;
        var (clearedAt, allHeldSince) = (m.ClearedAt, m.AllHeldSince);
        if (evidence.Idle || x < settings.LeaveBelow || x > settings.EnterAbove && x > clearedAt * WorseBy)
            (clearedAt, allHeldSince) = (null, null);

        var allHeld = highSince is not null && targets.Count > 0 && targets.All(isHeld);
        allHeldSince = allHeld ? allHeldSince ?? now : null;
        if (allHeldSince is { } since && now - since >= ClearAfter && x is { } stays)
            clearedAt = stays;

        var demand =
            evidence.Idle ? Demand.GiveBack
            : evidence.Unknown ? now - unknownSince >= UnknownFor ? Demand.GiveBack : Demand.Keep
            : clearedAt is not null ? Demand.GiveBack
            : x > settings.EnterAbove || forecast > settings.EnterAbove || evidence.Violations ? Demand.Cut
            : x > near || forecast > near ? Demand.Ease
            : x is null || forecast >= settings.LeaveBelow ? Demand.Keep
            // Also while only old answers are slow: nobody would understand a share that grows above the limit.
            : !evidence.Full || x >= settings.LeaveBelow || evidence.Overall >= settings.LeaveBelow || evidence.Seen > settings.EnterAbove ? Demand.Keep
            : Demand.Grow;

        var breach = demand <= Demand.Grow ? null : m.Breach;
        // Readings of use lag, not all alike: of two that began together one may be seen first. So look again for a while.
        if (demand >= Demand.Ease && (breach is null || now - breach.Since < LookAgainFor))
            breach = Blame.Report(input, blame, workload, breach);
        m = m with
        {
            UnknownSince = unknownSince,
            HighSince = highSince,
            HighCounts = highSince is null ? NoCounts : highSince == now ? LatencyEvidence.CountsOf(workload) : m.HighCounts,
            ClearedAt = clearedAt,
            AllHeldSince = allHeldSince,
            Breach = breach,
        };
        return new ProtectedJudgement(workload, evidence, forecast, HasLasted(workload, m, evidence, forecast, settings, now), demand, m, targets, Choose(input, targets, m.Breach, guard));
    }

    /// <summary>A short queue comes and goes by chance; one of twice the limit does not.</summary>
    private static bool HasLasted(WorkloadSnapshot workload, ProtectedMemory m, LatencyEvidence evidence, double? forecast, LatencyGuardSettings settings, MonoTime now) =>
        m.HighSince is { } since && now - since >= settings.For
        && (evidence.Stalled || forecast > 2 * settings.EnterAbove || LatencyEvidence.Lasts(workload, m.HighCounts, settings.EnterAbove));

    /// <summary>The guilty that may be touched. Where there are none, or they have given all and it goes on: the lowest priority, and the next only when that has given all.</summary>
    private static IReadOnlySet<string> Choose(RuleInput input, IReadOnlySet<string> targets, BlameReport? breach, GuardMemory guard)
    {
        // Calm: nobody is asked for anything.
        if (breach is null)
            return targets;
        var guilty = breach.Neighbours.Where(n => n.Guilty && targets.Contains(n.Workload)).Select(n => n.Workload).ToHashSet();
        if (guilty.Count > 0 && !guilty.All(HasGivenAll))
            return guilty;
        var chosen = new HashSet<string>();
        foreach (var rank in targets.GroupBy(PriorityOf).OrderBy(group => group.Key))
        {
            chosen.UnionWith(rank);
            if (!rank.All(HasGivenAll))
                break;
        }
        return chosen;

        Priority PriorityOf(string name) => input.Near.Find(name)?.Policy.Priority ?? Priority.Batch;

        bool HasGivenAll(string name) =>
            guard.Throttled.GetValueOrDefault(name)?.State >= ThrottleLaw.Last(PriorityOf(name));
    }
}
