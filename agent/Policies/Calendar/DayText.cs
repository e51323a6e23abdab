namespace Headroom.Policies.Calendar;

/// <summary>Days of the week: <c>daily</c>, <c>mon-fri</c>, <c>mon,wed,sat</c>. A range may run over the end of the week: <c>fri-mon</c>.</summary>
internal static class DayText
{
    /// <summary>Sunday is 0, as in <see cref="DayOfWeek"/> and cron.</summary>
    public static readonly IReadOnlyList<string> Words = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    public static readonly IReadOnlySet<DayOfWeek> Daily = new HashSet<DayOfWeek>(Enum.GetValues<DayOfWeek>());

    public static Parsed<IReadOnlySet<DayOfWeek>> Parse(string text)
    {
        if (text == "daily")
            return Parsed.Value(Daily);
        var days = new HashSet<DayOfWeek>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var ends = part.Split('-');
            foreach (var end in ends)
                if (Index(end) < 0)
                    return Error(text, end);
            if (ends.Length > 2)
                return Error(text, part);
            for (var day = Index(ends[0]); ; day = (day + 1) % 7)
            {
                days.Add((DayOfWeek)day);
                if (day == Index(ends[^1]))
                    break;
            }
        }
        return Parsed.Value<IReadOnlySet<DayOfWeek>>(days);
    }

    /// <summary>As <see cref="Parse"/> reads it, beginning with Monday; three or more in a row are a range.</summary>
    public static string Write(IReadOnlySet<DayOfWeek> days)
    {
        if (days.Count == 7)
            return "daily";
        var parts = new List<string>();
        for (var day = 1; day <= 7; day++)
        {
            if (!Opens(day))
                continue;
            var last = day;
            while (last < 7 && Opens(last + 1))
                last++;
            if (last < day + 2)
                last = day;
            parts.Add(last == day ? Words[day % 7] : $"{Words[day]}-{Words[last % 7]}");
            day = last;
        }
        return string.Join(',', parts);

        bool Opens(int day) => days.Contains((DayOfWeek)(day % 7));
    }

    private static int Index(string word)
    {
        for (var i = 0; i < Words.Count; i++)
            if (Words[i] == word)
                return i;
        return -1;
    }

    private static Parsed<IReadOnlySet<DayOfWeek>> Error(string text, string part)
    {
        // "monday", "Mon": the first three letters say which.
        var near = part.Length >= 3 ? Words.FirstOrDefault(word => word.Equals(part[..3], StringComparison.OrdinalIgnoreCase)) : null;
        return Parsed.Error<IReadOnlySet<DayOfWeek>>(
            $"{Wording.Quote(text)} is not days of the week; {(near is not null && near != part ? $"write {near} for {Wording.Quote(part)}" : "write daily, mon-fri or mon,wed,sat")}");
    }
}
