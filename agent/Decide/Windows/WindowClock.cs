using System.Globalization;
using Headroom.Model;

namespace Headroom.Decide.Windows;

/// <summary>When windows are open: see <c>docs/decisions/006-windows.md</c>. Pure. <see cref="OpenAt"/> costs microseconds: asked each tick.</summary>
internal static class WindowClock
{
    /// <summary>What does not happen within this many years counts as never.</summary>
    public const int HorizonYears = 5;

    /// <returns>Null when it is closed.</returns>
    public static Occurrence? OpenAt(this Window window, DateTimeOffset at)
    {
        var utc = at.UtcDateTime;
        if (window.Cron is { } cron)
            return new CronTimes(window, cron).Last(utc - cron.Duration, utc) is { } opening ? Occurrence.Of(window, opening, opening + cron.Duration) : null;
        if (window.Daily is not { } daily || DailyTimes.OpeningDate(window, daily, utc + window.Zone.OffsetAt(utc)) is not { } date)
            return null;
        var pieces = DailyTimes.Pieces(window, daily, date);
        return Occurrence.Of(window, pieces[0].Start, pieces[^1].End);
    }

    /// <returns>The first instant from then on at which it is open, in its zone's time; null: never.</returns>
    public static DateTimeOffset? OpensAt(this Window window, DateTimeOffset from)
    {
        if (window.OpenAt(from) is not null)
            return window.Zone.Local(from.UtcDateTime);
        return NextStart(window, from.UtcDateTime) is { } start ? window.Zone.Local(start) : null;
    }

    /// <returns>The first instant from then on at which it is closed, in its zone's time; null: never.</returns>
    public static DateTimeOffset? ClosesAt(this Window window, DateTimeOffset from) =>
        (window.Cron is { } cron ? CronEnd(window, cron, from.UtcDateTime) : DailyEnd(window, from.UtcDateTime)) is { } end ? window.Zone.Local(end) : null;

    /// <summary>A time as people of the window's zone write it, e.g. <c>2027-01-05 01:00 Asia/Shanghai</c>.</summary>
    public static string Words(this Window window, DateTimeOffset at) =>
        string.Create(CultureInfo.InvariantCulture, $"{window.Zone.Local(at.UtcDateTime):yyyy-MM-dd HH:mm} {window.Zone.Id}");

    private static DateTime? NextStart(Window window, DateTime from)
    {
        var today = DateOnly.FromDateTime(from);
        var horizon = today.AddYears(HorizonYears);
        if (window.Cron is { } cron)
            return new CronTimes(window, cron).From(from, horizon).Cast<DateTime?>().FirstOrDefault();
        if (window.Daily is not { } daily)
            return null;
        // Two days back: the local date may be yesterday's, and its span may have opened the day before and open again when the clock is set back.
        for (var date = today.AddDays(-2); date <= horizon; date = date.AddDays(1))
            if (FirstPiece(window, daily, date, from) is { } start)
                // The next date's may begin before this one opens again.
                return FirstPiece(window, daily, date.AddDays(1), from) is { } next && next < start ? next : start;
        return null;
    }

    /// <returns>When it first begins to be open for the sake of this date, at or after an instant; null: not.</returns>
    private static DateTime? FirstPiece(Window window, DailySpan daily, DateOnly date, DateTime from)
    {
        if (DailyTimes.OpensOn(window, daily, date))
            foreach (var piece in DailyTimes.Pieces(window, daily, date))
                if (piece.Start >= from)
                    return piece.Start;
        return null;
    }

    private static DateTime? DailyEnd(Window window, DateTime from)
    {
        var horizon = from.AddYears(HorizonYears);
        var end = from;
        // Whole days follow each other without a gap.
        while (PieceAt(window, end) is { } piece)
        {
            end = piece.End;
            if (end > horizon)
                return null;
        }
        return end;
    }

    private static Piece? PieceAt(Window window, DateTime at)
    {
        if (window.Daily is not { } daily || DailyTimes.OpeningDate(window, daily, at + window.Zone.OffsetAt(at)) is not { } date)
            return null;
        foreach (var piece in DailyTimes.Pieces(window, daily, date))
            if (piece.Start <= at && at < piece.End)
                return piece;
        return null;
    }

    private static DateTime? CronEnd(Window window, CronSpan cron, DateTime from)
    {
        var times = new CronTimes(window, cron);
        if (times.Last(from - cron.Duration, from) is not { } opening)
            return from;
        var horizon = from.AddYears(HorizonYears);
        var end = opening + cron.Duration;
        foreach (var next in times.From(opening, DateOnly.FromDateTime(horizon)))
        {
            if (next > end)
                return end;
            end = next + cron.Duration;
            if (end > horizon)
                return null;
        }
        return end;
    }
}
