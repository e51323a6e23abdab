using Headroom.Model;
using Headroom.Policies.Binding;
using Headroom.Policies.Calendar;
using Headroom.Policies.Yaml;
using WindowKey = Headroom.Policies.Binding.Key<Headroom.Model.Window>;

namespace Headroom.Policies.Tables;

/// <summary>The keys of one of the <c>windows:</c>.</summary>
internal static class WindowTable
{
    private static readonly IReadOnlyList<string> DailyKeys = ["days", "from", "to"];
    private static readonly IReadOnlyList<string> CronKeys = ["cron", "duration"];

    private static readonly DailySpan WholeDays = new(DayText.Daily, TimeOnly.MinValue, TimeOnly.MinValue);
    private static readonly CronSpan NoCron = new("", Nothing, Nothing, Nothing, Nothing, Nothing, false, TimeSpan.Zero);

    private static HashSet<int> Nothing => [];

    private static readonly Mapping<Window> Window = new(
        "a window", "{ days: mon-fri, from: \"01:00\", to: \"07:00\" }", _ => new() { Name = "" },
        [
            WindowKey.Optional("days", new DaysShape(), "Days on which it opens: daily (the default), a range or a list.", (w, v) => w with { Daily = (w.Daily ?? WholeDays) with { Days = v } }),
            WindowKey.Optional("from", new ScalarShape<TimeOnly>("a time of day", "\"01:00\"", TimeText.TimeOfDay, json: ScalarJson.TimeOfDay),
                "When it opens.", (w, v) => w with { Daily = (w.Daily ?? WholeDays) with { From = v } }),
            WindowKey.Optional("to", new ScalarShape<TimeOnly>("a time of day", "\"07:00\"", TimeText.EndOfDay, json: ScalarJson.TimeOfDay),
                "When it closes: on the next day when that is not after from. The same as from: after a whole day.", (w, v) => w with { Daily = (w.Daily ?? WholeDays) with { To = v } }),
            WindowKey.Optional("cron", new ScalarShape<CronSpan>("a cron line", "\"0 1 * * 1-5\"", CronText.Parse, json: ScalarJson.Cron),
                "When it opens, instead of days, from and to: minute, hour, day of month, month, weekday (0 and 7 are Sunday).", (w, v) => w with { Cron = v with { Duration = w.Cron?.Duration ?? TimeSpan.Zero } }),
            WindowKey.Optional("duration", Shapes.Within("1m", "7d", "6h"), "How long it stays open; belongs to cron.", (w, v) => w with { Cron = (w.Cron ?? NoCron) with { Duration = v } }),
            WindowKey.Optional("timeZone", new ScalarShape<TimeZoneInfo>("a time zone", "Asia/Shanghai", ZoneText.Parse), "IANA name of the zone on whose wall clock all this is meant; UTC by default.", (w, v) => w with { Zone = v }),
            WindowKey.Optional("except", new ListShape<DateSpan>(new ScalarShape<DateSpan>("a date or from..to", "2027-02-06..2027-02-12", TimeText.Dates, json: ScalarJson.Dates)),
                "Dates on which it does not open.", (w, v) => w with { Except = v }),
            WindowKey.Optional("closeAbovePressure", Shapes.Percent("1%", "1000%", "60%"),
                "It closes early while a protected workload on the same GPU has more pressure than this; 100% is its SLO.", (w, v) => w with { CloseAbovePressure = v }),
        ],
        Check);

    public static readonly NamedShape<Window> Windows = new(
        "names and their windows", "{ off-peak: { days: mon-fri, from: \"01:00\", to: \"07:00\" } }", Window, (window, name) => window with { Name = name });

    private static void Check(Window window, YamlMapping mapping, Problems problems)
    {
        var daily = mapping.Entries.FirstOrDefault(entry => DailyKeys.Contains(entry.Key.Text));
        var cron = mapping.Entries.FirstOrDefault(entry => CronKeys.Contains(entry.Key.Text));
        if (daily is not null && cron is not null)
        {
            var second = mapping.Entries.First(entry => entry == daily || entry == cron) == daily ? cron : daily;
            problems.Add(second.Key.At, $"{second.Key.Text} does not go with {(second == cron ? daily : cron).Key.Text}; a window has days, from and to, or cron and duration");
            return;
        }
        if (daily is null && cron is null)
            problems.Add(mapping.At, "a window needs from and to, or cron and duration");
        foreach (var key in daily is not null ? DailyKeys.Skip(1) : cron is not null ? CronKeys : [])
            if (!mapping.Has(key))
                problems.Add(mapping.At, $"{(daily ?? cron)!.Key.Text} needs {key} beside it: {key}: {(key switch { "cron" => "\"0 1 * * 1-5\"", "duration" => "6h", _ => "\"07:00\"" })}");
    }
}
