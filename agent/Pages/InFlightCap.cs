namespace Headroom.Pages;

/// <summary>How many launches a batch container may have in flight, so that little is left to drain when its gate closes, and enough to keep the GPU fed.</summary>
/// <param name="Launches">2..16.</param>
/// <param name="Calm">Closures in a row whose drain was below half of the budget.</param>
internal readonly record struct InFlightCap(int Launches, int Calm)
{
    public const int Fewest = 2, Most = 16;

    /// <summary>Closures in a row before one more launch is allowed: a cut is cheap, a wrong step up costs the important model.</summary>
    private const int CalmClosures = 10;

    public static readonly InFlightCap Start = new(8, 0);
    public static readonly TimeSpan DefaultBudget = TimeSpan.FromMilliseconds(1);

    /// <summary>After one closure. Halved while the drain is over the budget, one more after ten in a row below half of it.</summary>
    /// <param name="measuredDrain">Null: not known, nothing changes.</param>
    public static InFlightCap Next(InFlightCap current, TimeSpan? measuredDrain, TimeSpan budget)
    {
        if (measuredDrain is not { } drain)
            return current;
        if (drain > budget)
            return new(Math.Clamp(current.Launches / 2, Fewest, Most), 0);
        if (drain >= budget / 2)
            return current with { Calm = 0 };
        return current.Calm + 1 < CalmClosures ? current with { Calm = current.Calm + 1 } : new(Math.Clamp(current.Launches + 1, Fewest, Most), 0);
    }
}
