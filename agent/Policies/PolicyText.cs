using System.Globalization;
using System.Text;
using Headroom.Model;

namespace Headroom.Policies;

/// <summary>Values as policies write them: the inverse of <see cref="Scalars"/>, to the last byte and tick.</summary>
internal static class PolicyText
{
    /// <summary>The largest unit that leaves no fraction; with a fraction seconds, below one milliseconds.</summary>
    public static string Duration(TimeSpan time)
    {
        foreach (var (unit, ticks) in (ReadOnlySpan<(string, long)>)[("d", TimeSpan.TicksPerDay), ("h", TimeSpan.TicksPerHour), ("m", TimeSpan.TicksPerMinute)])
            if (time > TimeSpan.Zero && time.Ticks % ticks == 0)
                return string.Create(CultureInfo.InvariantCulture, $"{time.Ticks / ticks}{unit}");
        return time.Ticks >= TimeSpan.TicksPerSecond || time == TimeSpan.Zero
            ? string.Create(CultureInfo.InvariantCulture, $"{time.Ticks / (decimal)TimeSpan.TicksPerSecond:0.#######}s")
            : string.Create(CultureInfo.InvariantCulture, $"{time.Ticks / (decimal)TimeSpan.TicksPerMillisecond:0.####}ms");
    }

    /// <summary>In quotes, as YAML readers differ about a bare <c>01:30</c>.</summary>
    public static string Time(TimeOnly time) => time.ToString("'\"'HH:mm'\"'", CultureInfo.InvariantCulture);

    public static string Dates(DateSpan dates) => dates.First == dates.Last
        ? dates.First.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{dates.First:yyyy-MM-dd}..{dates.Last:yyyy-MM-dd}");

    public static string Instant(DateTimeOffset instant) => instant.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    public static string Size(long bytes) =>
        bytes > 0 && bytes % (1L << 30) == 0 ? string.Create(CultureInfo.InvariantCulture, $"{bytes >> 30}GiB")
        : bytes > 0 && bytes % (1L << 20) == 0 ? string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20}MiB")
        : bytes.ToString(CultureInfo.InvariantCulture);

    /// <summary>By way of decimal, which rounds to the digits that were written: 0.07 is 7%, not 7.000000000000001%.</summary>
    public static string Percent(double ratio) => string.Create(CultureInfo.InvariantCulture, $"{(decimal)ratio * 100:0.############}%");

    public static string Whole(int number) => number.ToString(CultureInfo.InvariantCulture);

    public static string Number(double number) => ((decimal)number).ToString("0.############", CultureInfo.InvariantCulture);

    /// <summary>Quoted unless it is plain: whatever was written, it reads back as the same text.</summary>
    public static string Text(string text)
    {
        if (text.Length > 0 && char.IsAsciiLetter(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/'))
            return text;
        var quoted = new StringBuilder("\"");
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            var pair = char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            if (c is '"' or '\\')
                quoted.Append('\\').Append(c);
            else if (pair)
                quoted.Append(c).Append(text[++i]);
            else if (char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' or '\ufeff')
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                quoted.Append(c);
        }
        return quoted.Append('"').ToString();
    }

    public static string List(IEnumerable<string> items) => $"[{string.Join(", ", items)}]";
}
