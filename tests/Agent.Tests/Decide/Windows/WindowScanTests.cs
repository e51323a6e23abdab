using CsCheck;
using Headroom.Decide.Windows;
using Headroom.Model;

namespace Headroom.Tests.Decide.Windows;

/// <summary>The algebra against the definition, minute by minute.</summary>
public sealed class WindowScanTests
{
    private const int TwoYears = 731 * 24 * 60;
    private static readonly DateTime Start = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void Openings_and_closings_of_two_years_equal_a_minute_scan() => SomeWindows.Any.Sample(window =>
    {
        var expected = new MinuteScan(window, Start, TwoYears).Changes();
        Assert.Equal(expected, Changes(window, TwoYears));
    }, iter: 30, print: SomeWindows.Describe);

    [Fact]
    public void A_sampled_instant_is_open_or_closed_as_a_minute_scan_of_its_day_says() =>
        // Half of them on the days around the changes of both zones.
        Gen.Select(SomeWindows.Any, Gen.OneOf(Gen.Int[0, TwoYears - 60], Gen.OneOf(66, 87, 297, 304, 431, 450, 668, 675).Select(Gen.Int[0, 2 * 1440], (day, m) => day * 1440 + m)), Gen.Int[0, 59_999])
            .Sample((window, minute, milliseconds) =>
            {
                var at = Start.AddMinutes(minute);
                var scan = new MinuteScan(window, at, 30);
                for (var m = 0; m < 30; m += 29)
                {
                    var instant = new DateTimeOffset(at.AddMinutes(m).AddMilliseconds(milliseconds));
                    var open = window.OpenAt(instant);
                    Assert.Equal(scan.IsOpen(m), open is not null);
                    Assert.True(open is null || open.Start <= instant && instant < open.End, $"{open} at {instant:o}");
                }
            }, iter: 10_000, print: t => $"{SomeWindows.Describe(t.Item1)} at {Start.AddMinutes(t.Item2):o}");

    [Fact]
    public void An_occurrence_has_one_key_from_its_first_to_its_last_instant_and_no_other_has_it() => SomeWindows.Any.Sample(window =>
    {
        var owner = new Dictionary<string, (DateTimeOffset, DateTimeOffset)>();
        for (var minute = 60 * 24 * 60; minute < 100 * 24 * 60; minute += 17)
            if (window.OpenAt(Start.AddMinutes(minute)) is { } open)
            {
                Assert.Equal((open.Start, open.End), owner.TryGetValue(open.Key, out var known) ? known : owner[open.Key] = (open.Start, open.End));
                Assert.Equal(open.Key, window.OpenAt(open.Start)?.Key);
            }
        Assert.Equal(owner.Count, owner.Values.Distinct().Count());
    }, iter: 100, print: SomeWindows.Describe);

    private static List<int> Changes(Window window, int minutes)
    {
        var end = new DateTimeOffset(Start.AddMinutes(minutes));
        var changes = new List<int>();
        for (DateTimeOffset? at = Start; (at = window.OpensAt(at.Value)) < end;)
        {
            changes.Add((int)(at.Value - Start).TotalMinutes);
            at = window.ClosesAt(at.Value);
            if (at is null || at >= end)
                break;
            changes.Add((int)(at.Value - Start).TotalMinutes);
        }
        return changes;
    }
}
