using System.Globalization;
using Headroom.Decide.Windows;
using Headroom.Model;

namespace Headroom.Tests.Decide.Windows;

public sealed class WindowClockTests
{
    [Fact]
    public void A_night_belongs_to_the_day_on_which_it_began()
    {
        var window = SomeWindows.Daily("22:00", "06:00", days: [DayOfWeek.Friday], except: Dates("2027-01-15"));

        Assert.Equal("off-peak@2027-01-08T22:00+08:00", window.OpenAt(At("2027-01-09T05:59+08:00"))?.Key); // Saturday morning, opened on Friday
        Assert.Null(window.OpenAt(At("2027-01-09T06:00+08:00")));
        Assert.Null(window.OpenAt(At("2027-01-08T05:59+08:00"))); // Friday morning: Thursday's night
        Assert.Null(window.OpenAt(At("2027-01-16T01:00+08:00"))); // the 15th is excepted, and its night with it
        Assert.Equal(At("2027-01-22T22:00+08:00"), window.OpensAt(At("2027-01-09T06:00+08:00")));
    }

    [Fact]
    public void Equal_times_are_a_whole_day()
    {
        var window = SomeWindows.Daily("08:00", "08:00", SomeWindows.Berlin, [DayOfWeek.Saturday, DayOfWeek.Sunday]);

        Assert.Equal(At("2027-03-29T08:00+02:00"), window.ClosesAt(At("2027-03-27T08:00+01:00"))); // two days, one of them 23 h long
        Assert.NotEqual(window.OpenAt(At("2027-03-28T07:00+02:00"))!.Key, window.OpenAt(At("2027-03-28T08:00+02:00"))!.Key);
    }

    [Fact]
    public void A_time_that_the_clock_jumps_over_comes_right_after_the_jump()
    {
        var opens = SomeWindows.Daily("02:30", "05:00", SomeWindows.Berlin).OpenAt(At("2027-03-28T03:00+02:00"));
        Assert.Equal("off-peak@2027-03-28T03:00+02:00", opens?.Key);
        var closes = SomeWindows.Daily("01:00", "02:30", SomeWindows.NewYork).OpenAt(At("2027-03-14T01:59-05:00"));
        Assert.Equal(At("2027-03-14T03:00-04:00"), closes?.End);
    }

    [Fact]
    public void A_span_that_the_clock_jumps_over_whole_does_not_come_that_day() =>
        Assert.Equal(At("2027-03-29T02:10+02:00"), SomeWindows.Daily("02:10", "02:50", SomeWindows.Berlin).OpensAt(At("2027-03-27T12:00+01:00")));

    [Fact]
    public void A_wall_time_outside_is_outside_also_when_it_is_shown_twice()
    {
        // 01:00-02:30 on the day when 03:00 becomes 02:00: open, half an hour closed, open again; one occurrence.
        var window = SomeWindows.Daily("01:00", "02:30", SomeWindows.Berlin);
        var first = window.OpenAt(At("2027-10-31T02:29+02:00"));

        Assert.Null(window.OpenAt(At("2027-10-31T02:30+02:00")));
        Assert.Equal(first, window.OpenAt(At("2027-10-31T02:29+01:00")));
        Assert.Null(window.OpenAt(At("2027-10-31T02:30+01:00")));
        Assert.Equal(("off-peak@2027-10-31T01:00+02:00", At("2027-10-31T02:30+01:00")), (first!.Key, first.End));
        Assert.Equal(At("2027-10-31T02:30+02:00"), window.ClosesAt(first.Start));
        Assert.Equal(At("2027-10-31T02:00+01:00"), window.OpensAt(At("2027-10-31T02:30+02:00")));
    }

    [Fact]
    public void When_the_clock_is_set_back_the_next_night_may_begin_before_the_last_one_opens_again()
    {
        // At 02:45 in summer time the day's own begins; a quarter of an hour later the clock shows 02:00 once more, which is still the day before's.
        var window = SomeWindows.Daily("02:45", "02:15", SomeWindows.Berlin);

        Assert.Equal(At("2026-10-25T02:15+02:00"), window.ClosesAt(At("2026-10-24T12:00+02:00")));
        Assert.Equal(At("2026-10-25T02:45+02:00"), window.OpensAt(At("2026-10-25T02:15+02:00")));
        Assert.Equal(At("2026-10-25T02:15+01:00"), window.ClosesAt(At("2026-10-25T02:45+02:00")));
        Assert.Equal(At("2026-10-25T02:45+01:00"), window.OpensAt(At("2026-10-25T02:15+01:00")));
    }

    [Fact]
    public void A_zone_that_moves_its_clock_by_half_an_hour_is_kept_to() =>
        Assert.Equal("off-peak@2026-10-04T02:30+11:00", SomeWindows.Daily("02:10", "03:00", SomeWindows.LordHowe).OpenAt(At("2026-10-03T15:40Z"))?.Key);

    [Fact]
    public void A_cron_window_lasts_its_real_time_over_a_change_of_the_clock()
    {
        var window = SomeWindows.Cron("0 1 * * *", TimeSpan.FromHours(6), SomeWindows.NewYork);

        Assert.Equal(At("2027-03-14T08:00-04:00"), window.OpenAt(At("2027-03-14T07:59-04:00"))?.End);
        Assert.Equal(At("2027-11-07T06:00-05:00"), window.OpenAt(At("2027-11-07T01:00-04:00"))?.End);
    }

    [Fact]
    public void A_cron_time_of_day_comes_once_a_day_and_a_pace_keeps_its_pace()
    {
        var third = TimeSpan.FromMinutes(20);
        var daily = SomeWindows.Cron("30 2 * * *", third, SomeWindows.Berlin);
        Assert.Equal("cron@2027-03-28T03:00+02:00", daily.OpenAt(At("2027-03-28T03:00+02:00"))?.Key); // 02:30 is jumped over
        Assert.NotNull(daily.OpenAt(At("2027-10-31T02:30+02:00")));
        Assert.Null(daily.OpenAt(At("2027-10-31T02:30+01:00")));

        var pace = SomeWindows.Cron("30 * * * *", third, SomeWindows.Berlin);
        Assert.Null(pace.OpenAt(At("2027-03-28T03:00+02:00")));
        Assert.NotNull(pace.OpenAt(At("2027-10-31T02:30+02:00")));
        Assert.NotNull(pace.OpenAt(At("2027-10-31T02:30+01:00")));
    }

    [Fact]
    public void Cron_windows_that_overlap_are_open_together_and_each_is_an_occurrence()
    {
        var window = SomeWindows.Cron("0 1,3 * * *", TimeSpan.FromHours(4));

        Assert.Equal("cron@2027-01-05T03:00+08:00", window.OpenAt(At("2027-01-05T03:30+08:00"))?.Key);
        Assert.Equal(At("2027-01-05T07:00+08:00"), window.ClosesAt(At("2027-01-05T01:00+08:00")));
    }

    [Fact]
    public void Restricted_days_of_month_and_of_week_are_each_enough()
    {
        var window = SomeWindows.Cron("0 1 13 * 5", TimeSpan.FromHours(1));
        Assert.NotNull(window.OpenAt(At("2027-01-13T01:00+08:00"))); // a Wednesday
        Assert.NotNull(window.OpenAt(At("2027-01-15T01:00+08:00"))); // a Friday
        Assert.Null(window.OpenAt(At("2027-01-14T01:00+08:00")));
    }

    [Fact]
    public void What_never_comes_is_never()
    {
        var now = At("2027-01-05T12:00Z");
        Assert.Null(SomeWindows.Cron("0 1 30 2 *", TimeSpan.FromHours(1)).OpensAt(now));
        Assert.Null(SomeWindows.Daily("01:00", "02:00", days: []).OpensAt(now));
        Assert.Null(SomeWindows.Daily("00:00", "00:00").ClosesAt(now));
        Assert.Null(SomeWindows.Cron("* * * * *", TimeSpan.FromMinutes(1)).ClosesAt(now));
        Assert.Equal(At("2028-02-29T01:00+08:00"), SomeWindows.Cron("0 1 29 2 *", TimeSpan.FromHours(1)).OpensAt(now));
    }

    [Fact]
    public void It_is_told_in_the_time_of_its_zone() =>
        Assert.Equal("2027-01-05 01:00 Asia/Shanghai", SomeWindows.Daily("01:00", "07:00").Words(At("2027-01-04T17:00Z")));

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    private static DateSpan[] Dates(string date) => [new(DateOnly.Parse(date, CultureInfo.InvariantCulture), DateOnly.Parse(date, CultureInfo.InvariantCulture))];
}
