namespace Headroom.Model;

/// <summary>A named span of time that comes again: days with from and to, or a cron line with a duration. Judged on the wall clock of <see cref="Zone"/>.</summary>
internal sealed record Window
{
    public required string Name { get; init; }
    public TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Utc;
    /// <summary>Null when it is a cron window.</summary>
    public DailySpan? Daily { get; init; }
    /// <summary>Null when it is a daily window.</summary>
    public CronSpan? Cron { get; init; }
    /// <summary>Local dates on which it does not open; both ends included.</summary>
    public IReadOnlyList<DateSpan> Except { get; init; } = [];
    /// <summary>Closes early while the worst pressure of a protected workload on the same GPU is above this ratio; null: never.</summary>
    public double? CloseAbovePressure { get; init; }
}

/// <summary>From a time of day to another; one at or before the start is on the next day. Equal times: the whole day.</summary>
/// <param name="Days">Local days on which it opens.</param>
internal sealed record DailySpan(IReadOnlySet<DayOfWeek> Days, TimeOnly From, TimeOnly To);

/// <summary>Opens whenever the five fields match a local minute, for a while.</summary>
/// <param name="Text">As written.</param>
/// <param name="DaysOfWeek">Sunday is 0, as in Unix.</param>
/// <param name="AnyDayMatches">Both day fields are restricted: either one is enough (Unix).</param>
internal sealed record CronSpan(
    string Text, IReadOnlySet<int> Minutes, IReadOnlySet<int> Hours, IReadOnlySet<int> DaysOfMonth, IReadOnlySet<int> Months,
    IReadOnlySet<int> DaysOfWeek, bool AnyDayMatches, TimeSpan Duration);

internal readonly record struct DateSpan(DateOnly First, DateOnly Last)
{
    public bool Contains(DateOnly date) => date >= First && date <= Last;
}
