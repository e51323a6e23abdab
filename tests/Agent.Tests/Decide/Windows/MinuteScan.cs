using Headroom.Model;

namespace Headroom.Tests.Decide.Windows;

/// <summary>The definition of a window, minute after minute of a span of time, and nothing clever: what the window algebra is held against.</summary>
internal sealed class MinuteScan
{
    private readonly DateTime _start;
    private readonly bool[] _open;

    /// <param name="start">A whole minute, UTC.</param>
    public MinuteScan(Window window, DateTime start, int minutes)
    {
        _start = start;
        _open = new bool[minutes];
        if (window.Daily is { } daily)
            Daily(window, daily);
        else
            Cron(window, window.Cron!);
    }

    public bool IsOpen(int minute) => _open[minute];

    /// <summary>Minutes since the start at which it opens and closes by turns; the first is an opening.</summary>
    public List<int> Changes()
    {
        var changes = new List<int>();
        for (var minute = 0; minute < _open.Length; minute++)
            if (_open[minute] != (minute > 0 && _open[minute - 1]))
                changes.Add(minute);
        return changes;
    }

    private void Daily(Window window, DailySpan daily)
    {
        for (var minute = 0; minute < _open.Length; minute++)
        {
            var local = Local(window, _start.AddMinutes(minute));
            var today = DateOnly.FromDateTime(local);
            _open[minute] = Holds(today, local) || Holds(today.AddDays(-1), local);
        }

        bool Holds(DateOnly date, DateTime local)
        {
            var from = date.ToDateTime(daily.From);
            var to = date.AddDays(daily.To <= daily.From ? 1 : 0).ToDateTime(daily.To);
            return from <= local && local < to && daily.Days.Contains(date.DayOfWeek) && !window.Except.Any(e => e.Contains(date));
        }
    }

    private void Cron(Window window, CronSpan cron)
    {
        // Starts early: an opening before the start may reach into it.
        var early = (int)cron.Duration.TotalMinutes + 2 * 24 * 60;
        var first = _start.AddMinutes(-early);
        var shown = Local(window, first.AddMinutes(-1));
        var openUntil = DateTime.MinValue;
        for (var minute = 0; minute < _open.Length + early; minute++)
        {
            var utc = first.AddMinutes(minute);
            var local = Local(window, utc);
            bool opens;
            if (cron.Hours.Count == 24)
                opens = Matches(local);
            else
            {
                // Every wall time up to this one that was never shown before, or jumped over, comes now.
                opens = false;
                for (; shown < local; shown = shown.AddMinutes(1))
                    opens |= Matches(shown.AddMinutes(1));
            }
            if (opens)
                openUntil = utc + cron.Duration;
            if (minute >= early)
                _open[minute - early] = utc < openUntil;
        }

        bool Matches(DateTime local)
        {
            if (!cron.Minutes.Contains(local.Minute) || !cron.Hours.Contains(local.Hour) || !cron.Months.Contains(local.Month))
                return false;
            var (ofMonth, ofWeek) = (cron.DaysOfMonth.Contains(local.Day), cron.DaysOfWeek.Contains((int)local.DayOfWeek));
            return (cron.AnyDayMatches ? ofMonth || ofWeek : ofMonth && ofWeek) && !window.Except.Any(e => e.Contains(DateOnly.FromDateTime(local)));
        }
    }

    private static DateTime Local(Window window, DateTime utc) => TimeZoneInfo.ConvertTimeFromUtc(utc, window.Zone);
}
