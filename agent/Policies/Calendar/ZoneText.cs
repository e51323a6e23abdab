using System.Buffers;

namespace Headroom.Policies.Calendar;

/// <summary>Time zones by their names in the IANA database: <c>Asia/Shanghai</c>, <c>UTC</c>.</summary>
internal static class ZoneText
{
    private static readonly SearchValues<char> Letters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-");

    /// <summary>Offered to who writes one wrong. Not all: to list the machine's would read its whole database, some 600 files.</summary>
    private static readonly IReadOnlyList<string> Common =
    [
        "UTC", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Tokyo", "Asia/Seoul", "Asia/Singapore", "Asia/Kuala_Lumpur", "Asia/Bangkok", "Asia/Jakarta",
        "Asia/Manila", "Asia/Ho_Chi_Minh", "Asia/Kolkata", "Asia/Karachi", "Asia/Dubai", "Asia/Riyadh", "Asia/Jerusalem", "Asia/Tehran", "Europe/London", "Europe/Dublin",
        "Europe/Lisbon", "Europe/Madrid", "Europe/Paris", "Europe/Brussels", "Europe/Amsterdam", "Europe/Berlin", "Europe/Zurich", "Europe/Vienna", "Europe/Rome",
        "Europe/Stockholm", "Europe/Oslo", "Europe/Copenhagen", "Europe/Helsinki", "Europe/Warsaw", "Europe/Prague", "Europe/Kyiv", "Europe/Istanbul", "Europe/Moscow",
        "Africa/Cairo", "Africa/Lagos", "Africa/Nairobi", "Africa/Johannesburg", "America/New_York", "America/Toronto", "America/Chicago", "America/Denver",
        "America/Phoenix", "America/Los_Angeles", "America/Vancouver", "America/Mexico_City", "America/Bogota", "America/Sao_Paulo", "America/Argentina/Buenos_Aires",
        "America/Santiago", "Australia/Perth", "Australia/Brisbane", "Australia/Sydney", "Australia/Melbourne", "Pacific/Auckland", "Pacific/Honolulu",
    ];

    public static Parsed<TimeZoneInfo> Parse(string text)
    {
        // The name becomes a path below the database: nothing but letters may come so far.
        var isName = text.Length is > 0 and <= 64 && char.IsAsciiLetter(text[0]) && !text.AsSpan().ContainsAnyExcept(Letters);
        if (isName && TimeZoneInfo.TryFindSystemTimeZoneById(text, out var zone) && zone.HasIanaId && zone.Id == text)
            return Parsed.Value(zone);
        if (Common.Contains(text))
            return Parsed.Error<TimeZoneInfo>($"{Wording.Quote(text)}: this machine has no time zone database; install tzdata, or write UTC");
        return Parsed.Error<TimeZoneInfo>($"{Wording.Quote(text)} is not a time zone; {(Near(text) is { } near ? $"did you mean {near}?" : "write its IANA name, such as Asia/Shanghai, Europe/Berlin or UTC")}");
    }

    /// <summary><c>asia/shangai</c>, or only the city: <c>New York</c>.</summary>
    private static string? Near(string text)
    {
        var city = "/" + text.Replace(' ', '_');
        return Common.FirstOrDefault(id => id.EndsWith(city, StringComparison.OrdinalIgnoreCase)) ?? Wording.Nearest(text, Common);
    }
}
