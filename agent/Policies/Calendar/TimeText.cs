using System.Globalization;

namespace Headroom.Policies.Calendar;

/// <summary>Times of day, dates and instants as policies write them.</summary>
internal static class TimeText
{
    private const string Date = "yyyy-MM-dd";

    /// <summary><c>01:30</c>; as an end, <c>24:00</c> is the midnight that follows.</summary>
    public static Parsed<TimeOnly> TimeOfDay(string text) => TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
        ? Parsed.Value(time)
        : Parsed.Error<TimeOnly>($"{Wording.Quote(text)} is not a time of day; write {NearTime(text) ?? "\"01:30\" or \"23:00\""}");

    /// <summary>As <see cref="TimeOfDay"/>, and <c>24:00</c>: one at or before the start is on the next day, so it is midnight written another way.</summary>
    public static Parsed<TimeOnly> EndOfDay(string text) => text == "24:00" ? Parsed.Value(TimeOnly.MinValue) : TimeOfDay(text);

    /// <summary><c>2027-05-01</c>, or from one to another, both included: <c>2027-02-06..2027-02-12</c></summary>
    public static Parsed<Model.DateSpan> Dates(string text)
    {
        var parts = text.Split("..");
        if (parts.Length > 2 || !TryDate(parts[0], out var first) || !TryDate(parts[^1], out var last))
            return Parsed.Error<Model.DateSpan>($"{Wording.Quote(text)} is not a date; write 2027-05-01, or from..to as 2027-02-06..2027-02-12");
        return first <= last
            ? Parsed.Value(new Model.DateSpan(first, last))
            : Parsed.Error<Model.DateSpan>($"{Wording.Quote(text)} ends before it begins; write {parts[1]}..{parts[0]}");
    }

    /// <summary>An instant, <c>2027-01-31T18:00:00+08:00</c>; or a date, which means all of that day in UTC: until 00:00 UTC of the day after.</summary>
    public static Parsed<DateTimeOffset> Until(string text)
    {
        if (TryDate(text, out var date) && date.Year is >= 2000 and < 2200)
            return Parsed.Value(new DateTimeOffset(date.AddDays(1), TimeOnly.MinValue, TimeSpan.Zero));
        var offset = text.EndsWith('Z') ? text[..^1] + "+00:00" : text;
        return DateTimeOffset.TryParseExact(
                offset, ["yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var instant)
            && instant.Year is >= 2000 and < 2200
            ? Parsed.Value(instant.ToUniversalTime())
            : Parsed.Error<DateTimeOffset>($"{Wording.Quote(text)} is neither a date nor an instant; write 2027-01-31 (all of that day, UTC) or 2027-01-31T18:00:00+08:00");
    }

    private static bool TryDate(string text, out DateOnly date) => DateOnly.TryParseExact(text, Date, CultureInfo.InvariantCulture, DateTimeStyles.None, out date);

    /// <summary>What <c>1:30</c>, <c>7</c> or <c>0130</c> most likely mean.</summary>
    private static string? NearTime(string text)
    {
        foreach (var format in (string[])["H:mm", "HH:mm:ss", "HHmm", "%H"])
            if (TimeOnly.TryParseExact(text, format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
                return $"\"{time.ToString("HH:mm", CultureInfo.InvariantCulture)}\"";
        return null;
    }
}
