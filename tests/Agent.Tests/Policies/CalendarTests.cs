using Headroom.Model;
using Headroom.Policies;
using Headroom.Policies.Calendar;

namespace Headroom.Tests.Policies;

public sealed class CalendarTests
{
    [Theory]
    [InlineData("daily", "daily")]
    [InlineData("mon-fri", "mon-fri")]
    [InlineData("mon,wed,sat", "mon,wed,sat")]
    [InlineData("sat,sun", "sat,sun")]
    [InlineData("fri-mon", "mon,fri-sun")]
    [InlineData("sun-sat", "daily")]
    [InlineData("wed", "wed")]
    [InlineData("mon-wed, fri", "mon-wed,fri")]
    public void Days_read_and_written(string text, string again) => Assert.Equal(again, DayText.Write(Good(DayText.Parse(text))));

    [Fact]
    public void A_cron_line_of_working_days_at_one()
    {
        var cron = Good(CronText.Parse("0 1 * * 1-5"));

        Assert.Equal([0], cron.Minutes);
        Assert.Equal([1], cron.Hours);
        Assert.Equal(31, cron.DaysOfMonth.Count);
        Assert.Equal(12, cron.Months.Count);
        Assert.Equal([1, 2, 3, 4, 5], cron.DaysOfWeek.Order());
        Assert.False(cron.AnyDayMatches);
    }

    [Theory]
    [InlineData("*/20 * * * *", "0 20 40")]
    [InlineData("5-59/15 * * * *", "5 20 35 50")]
    [InlineData("1,2,2,58-59 * * * *", "1 2 58 59")]
    [InlineData("10-10 * * * *", "10")]
    [InlineData("0-59/59 * * * *", "0 59")]
    public void Cron_minutes(string text, string minutes) => Assert.Equal(minutes, string.Join(' ', Good(CronText.Parse(text)).Minutes.Order()));

    [Theory]
    [InlineData("0 0 * * 7", "0")]
    [InlineData("0 0 * * 0", "0")]
    [InlineData("0 0 * * 5-7", "0 5 6")]
    [InlineData("0 0 * * 0-7", "0 1 2 3 4 5 6")]
    [InlineData("0 0 * * SUN,tue", "0 2")]
    [InlineData("0 0 * * mon-fri", "1 2 3 4 5")]
    [InlineData("0 0 * * */2", "0 2 4 6")]
    public void Cron_weekdays(string text, string days) => Assert.Equal(days, string.Join(' ', Good(CronText.Parse(text)).DaysOfWeek.Order()));

    [Theory]
    [InlineData("0 0 1 * 1", true)]
    [InlineData("0 0 1 * *", false)]
    [InlineData("0 0 * * 1", false)]
    [InlineData("0 0 */2 * 1", false)]
    [InlineData("0 0 1-31 * 1", true)]
    public void Two_day_fields_that_both_restrict_are_either_or(string text, bool either) => Assert.Equal(either, Good(CronText.Parse(text)).AnyDayMatches);

    [Fact]
    public void Months_by_name() => Assert.Equal([1, 11, 12], Good(CronText.Parse("0  0 1 jan,NOV-dec *")).Months.Order());

    [Theory]
    [InlineData("")]
    [InlineData("0 1 * *")]
    [InlineData("0 1 * * * *")]
    [InlineData("0 1 * * 8")]
    [InlineData("-1 1 * * *")]
    [InlineData("+1 1 * * *")]
    [InlineData("1- 1 * * *")]
    [InlineData("1-2-3 1 * * *")]
    [InlineData("1,,2 1 * * *")]
    [InlineData("*/ 1 * * *")]
    [InlineData("*/61 1 * * *")]
    [InlineData("* * 0 * *")]
    [InlineData("* * L * *")]
    [InlineData("001 1 * * *")]
    [InlineData("１ 1 * * *")]
    public void What_is_no_cron_line(string text) => Assert.NotNull(CronText.Parse(text).Error);

    [Theory]
    [InlineData("2027-01-31", "2027-02-01T00:00:00Z")]
    [InlineData("2028-02-28", "2028-02-29T00:00:00Z")]
    [InlineData("2027-01-31T18:00:00+08:00", "2027-01-31T10:00:00Z")]
    [InlineData("2027-01-31T18:00:00Z", "2027-01-31T18:00:00Z")]
    [InlineData("2027-01-31T18:00:00.5Z", "2027-01-31T18:00:00.5Z")]
    public void A_day_ends_when_it_is_over_in_UTC_and_an_instant_is_one(string text, string until) => Assert.Equal(until, PolicyText.Instant(Good(TimeText.Until(text))));

    [Fact]
    public void Midnight_as_an_end_is_written_24_00_or_00_00()
    {
        Assert.Equal(TimeOnly.MinValue, Good(TimeText.EndOfDay("24:00")));
        Assert.Equal(TimeOnly.MinValue, Good(TimeText.EndOfDay("00:00")));
    }

    [Fact]
    public void A_date_alone_is_a_span_of_one_day() =>
        Assert.Equal(new DateSpan(new(2027, 5, 1), new(2027, 5, 1)), Good(TimeText.Dates("2027-05-01")));

    [Theory]
    [InlineData("UTC")]
    [InlineData("Asia/Shanghai")]
    [InlineData("America/Argentina/Buenos_Aires")]
    public void Time_zones_by_their_IANA_names(string id) => Assert.Equal(id, Good(ZoneText.Parse(id)).Id);

    [Theory]
    [InlineData("China Standard Time", "write its IANA name")]
    [InlineData("europe/berlin", "did you mean Europe/Berlin?")]
    [InlineData("New York", "did you mean America/New_York?")]
    [InlineData("utc", "did you mean UTC?")]
    [InlineData("/etc/localtime", "write its IANA name")]
    [InlineData("Asia/../Asia/Tokyo", "is not a time zone")]
    public void What_is_no_time_zone_is_told_with_the_nearest(string text, string told) =>
        Assert.Contains(told, ZoneText.Parse(text).Error, StringComparison.Ordinal);

    private static T Good<T>(Parsed<T> parsed)
    {
        Assert.Null(parsed.Error);
        return parsed.Value!;
    }
}
