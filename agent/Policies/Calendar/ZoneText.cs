using System.Buffers;

namespace Headroom.Policies.Calendar;

/// <summary>Time zones by their names in the IANA database: <c>Asia/Shanghai</c>, <c>UTC</c>.</summary>
internal static class ZoneText
{
    private static readonly SearchValues<char> Letters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-");

    public static Parsed<TimeZoneInfo> Parse(string text)
    {
        // The name becomes a path below the database: nothing but letters may come so far.
        var isName = text.Length is > 0 and <= 64 && char.IsAsciiLetter(text[0]) && !text.AsSpan().ContainsAnyExcept(Letters);
        if (isName && TimeZoneInfo.TryFindSystemTimeZoneById(text, out var zone) && zone.HasIanaId && zone.Id == text)
            return Parsed.Value(zone);
        var known = TimeZoneInfo.GetSystemTimeZones().Select(z => z.Id).Where(id => id.Contains('/', StringComparison.Ordinal)).ToList();
        if (known.Count == 0)
            return Parsed.Error<TimeZoneInfo>($"{Wording.Quote(text)}: this machine has no time zone database; install tzdata, or write UTC");
        return Parsed.Error<TimeZoneInfo>($"{Wording.Quote(text)} is not a time zone; {(Near(text, known) is { } near ? $"did you mean {near}?" : "write its IANA name, such as Asia/Shanghai, Europe/Berlin or UTC")}");
    }

    /// <summary><c>asia/shangai</c>, or only the city: <c>New York</c>.</summary>
    private static string? Near(string text, List<string> known)
    {
        var city = "/" + text.Replace(' ', '_');
        return known.FirstOrDefault(id => id.EndsWith(city, StringComparison.OrdinalIgnoreCase)) ?? Wording.Nearest(text, ["UTC", .. known]);
    }
}
