using CsCheck;
using Headroom.Model;

namespace Headroom.Tests.Decide.Windows;

/// <summary>Windows to test with, by hand and by chance.</summary>
internal static class SomeWindows
{
    public static readonly TimeZoneInfo Shanghai = TimeZoneInfo.FindSystemTimeZoneById("Asia/Shanghai");
    public static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
    public static readonly TimeZoneInfo NewYork = TimeZoneInfo.FindSystemTimeZoneById("America/New_York");
    public static readonly TimeZoneInfo LordHowe = TimeZoneInfo.FindSystemTimeZoneById("Australia/Lord_Howe");

    public static readonly IReadOnlySet<DayOfWeek> EveryDay = Enum.GetValues<DayOfWeek>().ToHashSet();

    public static Window Daily(string from, string to, TimeZoneInfo? zone = null, IEnumerable<DayOfWeek>? days = null, params DateSpan[] except) => new()
    {
        Name = "off-peak",
        Zone = zone ?? Shanghai,
        Daily = new DailySpan(days?.ToHashSet() ?? EveryDay, TimeOnly.Parse(from), TimeOnly.Parse(to)),
        Except = except,
    };

    /// <param name="fields">Numbers, lists of them, <c>*</c> and <c>*/n</c>.</param>
    public static Window Cron(string fields, TimeSpan duration, TimeZoneInfo? zone = null, params DateSpan[] except)
    {
        var parts = fields.Split(' ');
        return new Window
        {
            Name = "cron",
            Zone = zone ?? Shanghai,
            Except = except,
            Cron = new CronSpan(fields, Set(parts[0], 0, 59), Set(parts[1], 0, 23), Set(parts[2], 1, 31), Set(parts[3], 1, 12), Set(parts[4], 0, 6),
                parts[2][0] != '*' && parts[4][0] != '*', duration),
        };

        static HashSet<int> Set(string field, int first, int last) => field switch
        {
            "*" => [.. Enumerable.Range(first, last - first + 1)],
            ['*', '/', .. var step] => [.. Enumerable.Range(first, last - first + 1).Where(n => (n - first) % int.Parse(step) == 0)],
            _ => [.. field.Split(',').Select(int.Parse)],
        };
    }

    private static readonly Gen<TimeZoneInfo> Zones = Gen.OneOf(Shanghai, Berlin, NewYork);
    private static readonly Gen<int> Minute = Gen.OneOf(Gen.Int[0, 24 * 60 - 1], Gen.Int[0, 16].Select(q => q * 15));
    private static readonly Gen<DateSpan[]> Excepts =
        Gen.Select(Gen.Int[0, 730], Gen.Int[0, 12]).Select((at, length) => new DateSpan(new DateOnly(2026, 1, 1).AddDays(at), new DateOnly(2026, 1, 1).AddDays(at + length))).Array[0, 3];

    private static readonly Gen<Window> AnyDaily = Gen.Select(Zones, Minute, Minute, Gen.Int[1, 127], Excepts).Select((zone, from, to, days, except) =>
        Daily(Text(from), Text(to), zone, EveryDay.Where(d => (days >> (int)d & 1) != 0), except));

    private static readonly Gen<string> Minutes = Gen.OneOf(Gen.OneOf("*", "*/5", "0", "0,30", "59"), Gen.Int[0, 59].Select(n => $"{n}"));
    private static readonly Gen<string> Hours = Gen.OneOf(Gen.OneOf("*", "*/2", "2", "1,2,3", "0", "23"), Gen.Int[0, 23].Select(n => $"{n}"));
    private static readonly Gen<string> Months = Gen.OneOf("*", "*", "3", "10,11", "2");
    private static readonly Gen<string> DaysOfMonth = Gen.OneOf(Gen.OneOf("*", "*", "29", "31"), Gen.Int[1, 31].Select(n => $"{n}"));
    private static readonly Gen<string> DaysOfWeek = Gen.OneOf(Gen.OneOf("*", "*", "0", "1,2,3,4,5"), Gen.Int[0, 6].Select(n => $"{n}"));
    private static readonly Gen<int> Durations = Gen.OneOf(Gen.OneOf(1, 5, 60, 360, 1440), Gen.Int[1, 3000]);

    private static readonly Gen<Window> AnyCron = Gen.Select(
        Gen.Select(Minutes, Hours, DaysOfMonth, Months, DaysOfWeek).Select((minute, hour, day, month, week) => $"{minute} {hour} {day} {month} {week}"),
        Durations, Zones, Excepts).Select((text, duration, zone, except) => Cron(text, TimeSpan.FromMinutes(duration), zone, except));

    public static readonly Gen<Window> Any = Gen.Frequency((3, AnyDaily), (2, AnyCron));

    public static string Describe(Window window) =>
        $"{window.Zone.Id} {window.Cron?.Text} {window.Cron?.Duration} {window.Daily?.From}-{window.Daily?.To} {string.Join(',', window.Daily?.Days ?? EveryDay)} but {string.Join(',', window.Except)}";

    private static string Text(int minute) => $"{minute / 60:00}:{minute % 60:00}";
}
