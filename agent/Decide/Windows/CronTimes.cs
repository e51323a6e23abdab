using System.Numerics;
using Headroom.Model;

namespace Headroom.Decide.Windows;

/// <summary>When the five fields of a cron window match. Where the hours are restricted it is a time of day: skipped by the clock it comes at the first instant
/// after, shown twice it comes the first time only. Where any hour matches it is a pace: it comes whenever the wall clock shows it (as Vixie cron).</summary>
internal readonly struct CronTimes
{
    private const int MinutesOfDay = 24 * 60;

    private readonly Window _window;
    private readonly CronSpan _cron;
    private readonly ulong _minutes;
    private readonly uint _hours;

    public CronTimes(Window window, CronSpan cron)
    {
        (_window, _cron) = (window, cron);
        foreach (var minute in cron.Minutes)
            _minutes |= 1UL << minute;
        foreach (var hour in cron.Hours)
            _hours |= 1U << hour;
    }

    private bool IsPace => BitOperations.PopCount(_hours) == 24;

    /// <returns>The last opening in (<paramref name="after"/>, <paramref name="until"/>]; null: none.</returns>
    public DateTime? Last(DateTime after, DateTime until)
    {
        var first = Date(after).AddDays(-1);
        for (var date = Date(until).AddDays(1); date >= first; date = date.AddDays(-1))
        {
            DateTime? last = null;
            foreach (var opening in On(date))
                if (opening > after && opening <= until)
                    last = opening;
            if (last is not null)
                return last;
        }
        return null;
    }

    /// <returns>Openings at or after <paramref name="from"/>, ascending, up to a local date.</returns>
    public IEnumerable<DateTime> From(DateTime from, DateOnly until)
    {
        for (var date = Date(from).AddDays(-1); date <= until; date = date.AddDays(1))
            foreach (var opening in On(date))
                if (opening >= from)
                    yield return opening;
    }

    private DateOnly Date(DateTime utc) => DateOnly.FromDateTime(utc + _window.Zone.OffsetAt(utc));

    private List<DateTime> On(DateOnly date)
    {
        var openings = new List<DateTime>();
        if (!Matches(date))
            return openings;
        var midnight = ZoneOffsets.Midnight(date);
        foreach (var span in _window.Zone.Spans(date, date))
        {
            var skipped = Minute(span.Start + span.Before - midnight);
            var start = Minute(span.LocalStart - midnight);
            var jumped = !IsPace && skipped < start && Next(skipped) < start;
            if (jumped)
                openings.Add(span.Start);
            var end = Minute(span.LocalEnd - midnight);
            for (var minute = Next(IsPace ? start : Minute(span.LocalNew - midnight)); minute < end; minute = Next(minute + 1))
                if (!jumped || minute != start)
                    openings.Add(midnight.AddMinutes(minute) - span.Offset);
        }
        return openings;
    }

    /// <summary>Of the day, and within it: 0 before, 1440 after.</summary>
    private static int Minute(TimeSpan sinceMidnight) => (int)Math.Clamp(Math.Ceiling(sinceMidnight.TotalMinutes), 0, MinutesOfDay);

    /// <returns>The first matching minute of the day at or after one; 1440: none.</returns>
    private int Next(int minute)
    {
        var (hour, rest) = (minute / 60, minute % 60);
        for (; hour < 24; (hour, rest) = (hour + 1, 0))
        {
            var left = _minutes >> rest;
            if ((_hours >> hour & 1) != 0 && left != 0)
                return hour * 60 + rest + BitOperations.TrailingZeroCount(left);
        }
        return MinutesOfDay;
    }

    private bool Matches(DateOnly date)
    {
        if (!_cron.Months.Contains(date.Month))
            return false;
        var (ofMonth, ofWeek) = (_cron.DaysOfMonth.Contains(date.Day), _cron.DaysOfWeek.Contains((int)date.DayOfWeek));
        if (!(_cron.AnyDayMatches ? ofMonth || ofWeek : ofMonth && ofWeek))
            return false;
        foreach (var except in _window.Except)
            if (except.Contains(date))
                return false;
        return true;
    }
}
