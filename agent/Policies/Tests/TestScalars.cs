using System.Globalization;
using Headroom.Model.Reasons;

namespace Headroom.Policies.Tests;

/// <summary>Single values that stand in no policy.</summary>
internal static class TestScalars
{
    private static readonly IReadOnlyList<string> Codes = [.. ReasonTable.All.Select(code => code.Code)];

    private static readonly (string Name, double PerSecond)[] Rates = [("/s", 1), ("/min", 1 / 60.0), ("/h", 1 / 3600.0)];

    /// <summary><c>2027-01-05T12:00+08:00</c>, with seconds or without.</summary>
    public static Parsed<DateTimeOffset> Instant(string text)
    {
        var offset = text.EndsWith('Z') ? text[..^1] + "+00:00" : text;
        return DateTimeOffset.TryParseExact(offset, ["yyyy-MM-dd'T'HH:mmzzz", "yyyy-MM-dd'T'HH:mm:sszzz"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var instant)
            && instant.Year is >= 2000 and < 2200
            ? Parsed.Value(instant)
            : Parsed.Error<DateTimeOffset>($"{Wording.Quote(text)} is not an instant; write 2027-01-05T12:00+08:00");
    }

    /// <summary><c>5/s 300/min 0/s</c></summary>
    public static Parsed<double> Rate(string text)
    {
        foreach (var (name, perSecond) in Rates)
            if (text.EndsWith(name, StringComparison.Ordinal) && Scalars.Number(text[..^name.Length]).Ok(out var number) && number <= 1_000_000)
                return Parsed.Value(number * perSecond);
        return Parsed.Error<double>($"{Wording.Quote(text)} is not a rate; write 5/s, 30/min or 2/h");
    }

    /// <summary>A value; with <c>&lt;=</c> or <c>&gt;=</c> in front, a limit.</summary>
    public static Func<string, Parsed<Bound>> Bound<T>(Func<string, Parsed<T>> parse) where T : IConvertible => text =>
    {
        var kind = text.StartsWith("<=", StringComparison.Ordinal) ? BoundKind.AtMost : text.StartsWith(">=", StringComparison.Ordinal) ? BoundKind.AtLeast : BoundKind.Equal;
        var parsed = parse(kind == BoundKind.Equal ? text : text[2..].Trim());
        return parsed.Ok(out var value) ? Parsed.Value(new Bound(kind, value.ToDouble(CultureInfo.InvariantCulture), text)) : Parsed.Error<Bound>(parsed.Error!);
    };

    public static Parsed<string> Code(string text) =>
        Codes.Contains(text) ? Parsed.Value(text) : Parsed.Error<string>($"no reason has the code {Wording.Quote(text)}; {(Wording.Nearest(text, Codes) is { } near ? $"did you mean {near}?" : "write one as `headroom plan` shows it, such as HR1301")}");
}
