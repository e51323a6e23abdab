using Headroom.Model;

namespace Headroom.Decide.Windows;

/// <summary>Without a gap; instants are UTC, the end is not in it.</summary>
internal readonly record struct Piece(DateTime Start, DateTime End);

/// <summary>A daily window: open while the wall clock shows a time from <c>from</c> until before <c>to</c>, counted from an opening date.</summary>
internal static class DailyTimes
{
    public static bool OpensOn(Window window, DailySpan daily, DateOnly date)
    {
        if (!daily.Days.Contains(date.DayOfWeek))
            return false;
        foreach (var except in window.Except)
            if (except.Contains(date))
                return false;
        return true;
    }

    /// <returns>The opening date of the span that this wall time belongs to; null: of none. Spans last a day at most, so there is never a second.</returns>
    public static DateOnly? OpeningDate(Window window, DailySpan daily, DateTime local)
    {
        var date = DateOnly.FromDateTime(local);
        var time = TimeOnly.FromDateTime(local);
        DateOnly? opening = daily.To > daily.From ? time >= daily.From && time < daily.To ? date : null
            : time >= daily.From ? date
            : time < daily.To ? date.AddDays(-1) : null;
        return opening is { } on && OpensOn(window, daily, on) ? on : null;
    }

    /// <returns>When it is open for the sake of this date, ascending: one piece, two where the clock is set back into or out of the span, none where the
    /// clock jumps over all of it.</returns>
    public static List<Piece> Pieces(Window window, DailySpan daily, DateOnly date)
    {
        var midnight = ZoneOffsets.Midnight(date);
        var from = midnight + daily.From.ToTimeSpan();
        var to = midnight + daily.To.ToTimeSpan() + (daily.To > daily.From ? TimeSpan.Zero : TimeSpan.FromDays(1));
        var pieces = new List<Piece>(1);
        foreach (var span in window.Zone.Spans(date, date.AddDays(1)))
        {
            var start = (span.LocalStart > from ? span.LocalStart : from) - span.Offset;
            var end = (span.LocalEnd < to ? span.LocalEnd : to) - span.Offset;
            if (start >= end)
                continue;
            if (pieces.Count > 0 && pieces[^1].End == start)
                pieces[^1] = new Piece(pieces[^1].Start, end);
            else
                pieces.Add(new Piece(start, end));
        }
        return pieces;
    }
}
