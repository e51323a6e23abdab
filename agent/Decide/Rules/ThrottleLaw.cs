using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>What a protected workload asks of a neighbour below it, milder first.</summary>
internal enum Demand
{
    /// <summary>It is idle, or the neighbour is not the cause.</summary>
    GiveBack,
    Grow,
    Keep,
    /// <summary>Near its limit.</summary>
    Ease,
    /// <summary>Above it.</summary>
    Cut,
}

/// <summary>How a share moves: halved on a breach, five points less near the limit, back slowly. Chiu and Jain 1989: additive increase with multiplicative
/// decrease converges. Down at once; up only after a dwell that doubles with each suspension, so that suspending and resuming cannot thrash.</summary>
internal static class ThrottleLaw
{
    public const double EaseStep = 0.05;
    /// <summary>A second, under traffic: from the floor to half the time in 100 s.</summary>
    public const double GrowthPerSecond = 0.004;
    /// <summary>Who needs nothing any more is known to be idle only ten seconds after its last request: with this all is back within thirty.</summary>
    public static readonly TimeSpan GiveBackWithin = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Forgotten = TimeSpan.FromHours(1);
    private static readonly TimeSpan EvictWithin = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LongestDwell = TimeSpan.FromMinutes(30);

    /// <summary>How far down it may go: who answers people keeps its floor whatever happens.</summary>
    public static ThrottleState Last(Priority priority) => priority == Priority.Batch ? ThrottleState.Suspended : ThrottleState.Throttled;

    /// <param name="suspend">The breach has lasted long enough at the floor.</param>
    /// <param name="mayEvict">The policy allows to stop it.</param>
    public static ThrottledMemory Next(ThrottledMemory m, Demand demand, double floor, TimeSpan elapsed, MonoTime now, bool suspend, bool mayEvict) => demand switch
    {
        Demand.Cut when m.State is ThrottleState.Healthy or ThrottleState.Pressure => Lower(m, m.Share / 2, floor, now),
        Demand.Cut when m.State == ThrottleState.Throttled && suspend => Suspend(m, floor, now, mayEvict),
        Demand.Ease when m.State is ThrottleState.Healthy or ThrottleState.Pressure => Lower(m, m.Share - EaseStep, floor, now),
        Demand.Grow => Grow(m, floor, elapsed, now),
        Demand.GiveBack => GiveBack(m, floor, elapsed, now),
        _ => m,
    };

    /// <summary>It was suspended lately: the next time counts as a relapse.</summary>
    public static bool Remembers(ThrottledMemory m, MonoTime now) => m.SuspendedAt is { } at && now - at <= Forgotten;

    private static ThrottledMemory Lower(ThrottledMemory m, double share, double floor, MonoTime now) =>
        share <= floor + 1e-9 ? Enter(m, ThrottleState.Throttled, floor, now) : Enter(m, ThrottleState.Pressure, share, now);

    private static ThrottledMemory Suspend(ThrottledMemory m, double floor, MonoTime now, bool mayEvict)
    {
        var evict = mayEvict && m.SuspendedAt is { } before && now - before <= EvictWithin;
        m = m with { Suspensions = Remembers(m, now) ? m.Suspensions + 1 : 1, SuspendedAt = now, EvictedAt = evict ? now : m.EvictedAt };
        return Enter(m, evict ? ThrottleState.Evicted : ThrottleState.Suspended, floor, now);
    }

    private static ThrottledMemory Grow(ThrottledMemory m, double floor, TimeSpan elapsed, MonoTime now)
    {
        if (m.State == ThrottleState.Healthy || now < m.ReadyAt)
            return m;
        if (m.State is ThrottleState.Suspended or ThrottleState.Evicted)
            return Enter(m, ThrottleState.Throttled, floor, now);
        return Raise(m, m.Share + GrowthPerSecond * elapsed.TotalSeconds, now);
    }

    private static ThrottledMemory GiveBack(ThrottledMemory m, double floor, TimeSpan elapsed, MonoTime now) => m.State switch
    {
        ThrottleState.Healthy => m,
        // A stop costs the work since its last checkpoint: not at each pause between two bursts.
        ThrottleState.Evicted when now < m.ReadyAt => m,
        ThrottleState.Suspended or ThrottleState.Evicted => Enter(m, ThrottleState.Throttled, floor, now),
        _ => Raise(m, m.Share + (1 - floor) * (elapsed / GiveBackWithin), now),
    };

    private static ThrottledMemory Raise(ThrottledMemory m, double share, MonoTime now)
    {
        if (share >= 1)
            return Enter(m, ThrottleState.Healthy, 1, now);
        // No new dwell on the way up.
        return m with { State = ThrottleState.Pressure, Share = share, Since = m.State == ThrottleState.Pressure ? m.Since : now };
    }

    private static ThrottledMemory Enter(ThrottledMemory m, ThrottleState state, double share, MonoTime now) => m with
    {
        State = state,
        Share = share,
        Since = state == m.State ? m.Since : now,
        ReadyAt = now + Dwell(state, m.Suspensions),
    };

    private static TimeSpan Dwell(ThrottleState state, int suspensions)
    {
        var seconds = state switch { ThrottleState.Pressure => 5, ThrottleState.Throttled => 15, ThrottleState.Suspended => 60, ThrottleState.Evicted => 300, _ => 0 };
        if (state < ThrottleState.Suspended)
            return TimeSpan.FromSeconds(seconds);
        var dwell = TimeSpan.FromSeconds(seconds * Math.Pow(2, Math.Clamp(suspensions - 1, 0, 10)));
        return dwell < LongestDwell ? dwell : LongestDwell;
    }
}
