using System.Globalization;
using Headroom.Model;

namespace Headroom.Policies.Calendar;

/// <summary>A cron line of five Unix fields: minute, hour, day of month, month, day of week. Lists, ranges and steps; names for months and days; 7 is Sunday too.
/// As cron(8) has it, a day field that begins with <c>*</c> restricts nothing; when both restrict, either one is enough.</summary>
internal static class CronText
{
    private static readonly IReadOnlyList<string> MonthWords = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

    private sealed record Field(string What, int Min, int Max, IReadOnlyList<string> Words, string Example);

    private static readonly Field[] Fields =
    [
        new("a minute", 0, 59, [], "0 or */15"), new("an hour", 0, 23, [], "1 or 1-5"), new("a day of the month", 1, 31, [], "* or 1,15"),
        new("a month", 1, 12, MonthWords, "* or jan"), new("a day of the week", 0, 7, DayText.Words, "* or mon-fri"),
    ];

    /// <summary>The span without its duration, which is a key of its own.</summary>
    public static Parsed<CronSpan> Parse(string text)
    {
        var parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != Fields.Length)
            return Parsed.Error<CronSpan>($"{Wording.Quote(text)} is not a cron line, which has five fields: minute hour day month weekday; write \"0 1 * * 1-5\"");
        var sets = new HashSet<int>[Fields.Length];
        for (var i = 0; i < Fields.Length; i++)
        {
            var parsed = ParseField(Fields[i], parts[i]);
            if (!parsed.Ok(out var set))
                return Parsed.Error<CronSpan>(parsed.Error!);
            sets[i] = set;
        }
        if (sets[4].Remove(7))
            sets[4].Add(0);
        var either = !parts[2].StartsWith('*') && !parts[4].StartsWith('*');
        return Parsed.Value(new CronSpan(text, sets[0], sets[1], sets[2], sets[3], sets[4], either, TimeSpan.Zero));
    }

    private static Parsed<HashSet<int>> ParseField(Field field, string text)
    {
        var set = new HashSet<int>();
        foreach (var item in text.Split(','))
        {
            var slash = item.IndexOf('/', StringComparison.Ordinal);
            var range = slash < 0 ? item : item[..slash];
            var step = 1;
            if (slash >= 0 && (!TryNumber(item[(slash + 1)..], out step) || step == 0 || step > field.Max))
                return Wrong(field, text, $"the step of {item} must be a number from 1 to {field.Max}");
            var ends = range.Split('-');
            int first = field.Min, last = field.Max;
            if (range == "*")
            {
                // Sunday is 0 here; 7 would count it twice and shift the steps' end.
                last = field.Max == 7 ? 6 : field.Max;
            }
            else if (ends.Length > 2 || !TryValue(field, ends[0], out first) || !TryValue(field, ends[^1], out last))
            {
                return Wrong(field, text, $"write {field.Example}");
            }
            else if (slash >= 0 && ends.Length == 1)
            {
                return Wrong(field, text, $"a step needs a range, write {range}-{(field.Max == 7 ? 6 : field.Max)}/{step}");
            }
            else if (first > last)
            {
                return Wrong(field, text, $"{range} runs backwards, write {ends[1]}-{ends[0]}, or two ranges with a comma");
            }
            for (var value = first; value <= last; value += step)
                set.Add(value);
        }
        return Parsed.Value(set);
    }

    private static bool TryValue(Field field, string text, out int value)
    {
        if (TryNumber(text, out value))
            return value >= field.Min && value <= field.Max;
        for (var i = 0; i < field.Words.Count; i++)
            if (field.Words[i].Equals(text, StringComparison.OrdinalIgnoreCase))
            {
                value = i + field.Min;
                return true;
            }
        return false;
    }

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && text.Length <= 2;

    private static Parsed<HashSet<int>> Wrong(Field field, string text, string instead) => Parsed.Error<HashSet<int>>(string.Create(
        CultureInfo.InvariantCulture, $"{Wording.Quote(text)} is not {field.What} ({field.Min} to {field.Max}); {instead}"));
}
