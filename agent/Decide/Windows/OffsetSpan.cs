namespace Headroom.Decide.Windows;

/// <summary>A time during which a zone's wall clock is not moved. Instants are UTC.</summary>
/// <param name="Before">The offset until <paramref name="Start"/>; the same when the clock was not moved then.</param>
internal readonly record struct OffsetSpan(DateTime Start, DateTime End, TimeSpan Offset, TimeSpan Before)
{
    public DateTime LocalStart => Start + Offset;
    public DateTime LocalEnd => End + Offset;
    /// <summary>The first wall time of it that had not been shown before.</summary>
    public DateTime LocalNew => Start + (Before > Offset ? Before : Offset);
}

internal static class ZoneOffsets
{
    // No zone is further from UTC than 14 h; a day more, so that a change at the edge has its Before.
    private const int Slack = 2;

    public static TimeSpan OffsetAt(this TimeZoneInfo zone, DateTime utc) => zone.GetUtcOffset(new DateTimeOffset(utc, TimeSpan.Zero));

    public static DateTimeOffset Local(this TimeZoneInfo zone, DateTime utc) => new DateTimeOffset(utc, TimeSpan.Zero).ToOffset(zone.OffsetAt(utc));

    /// <summary>All spans that may show a time of these local dates, ascending.</summary>
    public static List<OffsetSpan> Spans(this TimeZoneInfo zone, DateOnly first, DateOnly last)
    {
        var spans = new List<OffsetSpan>(2);
        var start = Midnight(first.AddDays(-Slack));
        var end = Midnight(last.AddDays(1 + Slack));
        var offset = zone.OffsetAt(start);
        var before = offset;
        for (var day = start; day < end; day = day.AddDays(1))
        {
            var next = zone.OffsetAt(day.AddDays(1));
            if (next == offset)
                continue;
            var change = Change(zone, day, day.AddDays(1), next);
            spans.Add(new OffsetSpan(start, change, offset, before));
            (start, before, offset) = (change, offset, next);
        }
        spans.Add(new OffsetSpan(start, end, offset, before));
        return spans;
    }

    public static DateTime Midnight(DateOnly date) => date.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc);

    // Bisects to the second: TimeZoneInfo does not tell its changes, and no zone moves its clock twice in a day.
    private static DateTime Change(TimeZoneInfo zone, DateTime low, DateTime high, TimeSpan after)
    {
        while (high - low > TimeSpan.FromSeconds(1))
        {
            var middle = low.AddSeconds(Math.Floor((high - low).TotalSeconds / 2));
            if (zone.OffsetAt(middle) == after)
                high = middle;
            else
                low = middle;
        }
        return high;
    }
}
