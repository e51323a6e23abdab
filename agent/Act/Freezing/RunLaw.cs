namespace Headroom.Act.Freezing;

internal enum RunLawKind
{
    Full,
    /// <summary>Runs a share of each period.</summary>
    Duty,
    /// <summary>Does not run.</summary>
    Held,
}

/// <summary>When a container may run, besides its gate (<see cref="YieldLaw"/>): both must allow it.</summary>
/// <param name="Share">Of a duty: part of each period that it runs, 0..1 (both excluded).</param>
/// <param name="Period">Of a duty.</param>
internal readonly record struct RunLaw(RunLawKind Kind, double Share, TimeSpan Period)
{
    public static readonly TimeSpan DefaultPeriod = TimeSpan.FromMilliseconds(100);

    public static readonly RunLaw Full = new(RunLawKind.Full, 1, DefaultPeriod);
    public static readonly RunLaw Held = new(RunLawKind.Held, 0, DefaultPeriod);

    public static RunLaw Duty(double share, TimeSpan period) => share >= 1 ? Full : share <= 0 ? Held : new(RunLawKind.Duty, share, period);
}
