using System.Globalization;

namespace Headroom.Cli;

/// <summary>Numbers as people read them.</summary>
internal static class Figures
{
    private const double GiB = 1L << 30;
    private const double MiB = 1L << 20;

    public static string Bytes(long bytes) => bytes >= GiB
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / GiB:0.0} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / MiB:0} MiB");

    /// <summary>0..1 as percent; below one percent it is not nothing.</summary>
    public static string Percent(double ratio) =>
        ratio is > 0 and < 0.005 ? "<1%" : string.Create(CultureInfo.InvariantCulture, $"{ratio * 100:0}%");

    /// <summary>To three digits: no histogram tells more.</summary>
    public static string Latency(double seconds)
    {
        var (number, unit) = Split(seconds);
        return $"{number} {unit}";
    }

    /// <summary><c>24.3 of 60 ms</c></summary>
    public static string LatencyOf(double? seen, double target, string of = " of ")
    {
        if (seen is not { } seconds)
            return $"-{of}{Latency(target)}";
        var (number, unit) = Split(seconds);
        return unit == Split(target).Unit ? $"{number}{of}{Latency(target)}" : $"{number} {unit}{of}{Latency(target)}";
    }

    private static (string Number, string Unit) Split(double seconds)
    {
        var (number, unit) = seconds switch
        {
            < 0.001 => (seconds * 1e6, "µs"),
            < 1 => (seconds * 1e3, "ms"),
            _ => (seconds, "s"),
        };
        return (number.ToString(number >= 100 ? "0" : number >= 10 ? "0.#" : "0.##", CultureInfo.InvariantCulture), unit);
    }

    /// <summary><c>1 container</c>, <c>2 containers</c>, <c>2 processes</c></summary>
    public static string Count(long count, string word) => $"{count} {word}{(count == 1 ? "" : word.EndsWith('s') ? "es" : "s")}";

    public static string Age(TimeSpan age) => age.TotalSeconds switch
    {
        < 10 => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, age.TotalSeconds):0.0} s"),
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{age.TotalSeconds:0} s"),
        < 7200 => string.Create(CultureInfo.InvariantCulture, $"{age.TotalMinutes:0} min"),
        < 172800 => string.Create(CultureInfo.InvariantCulture, $"{age.TotalHours:0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{age.TotalDays:0} d"),
    };
}
