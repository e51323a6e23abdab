using System.Globalization;
using Headroom.Model;

namespace Headroom.Observe.Gpus.NvidiaSmi;

/// <summary>What nvidia-smi writes into an element: a number with its unit, or words instead of one.</summary>
internal static class SmiText
{
    /// <summary>In base units: bytes, watts, hertz, seconds, degrees Celsius, ratios. A missing element, <c>N/A</c> and
    /// <c>[Not Supported]</c> are Unsupported; <c>Unknown Error</c>, <c>GPU is lost</c> and the like are Failed.</summary>
    public static Reading<double> Number(string? text, MonoTime at)
    {
        if (IsUnsupported(text))
            return Reading.Unsupported<double>(at);
        var trimmed = text.AsSpan().Trim();
        var end = trimmed.LastIndexOfAnyInRange('0', '9') + 1;
        return double.TryParse(trimmed[..end], NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && Unit(trimmed[end..].Trim()) is { } unit
                ? Reading.Fresh(number * unit, at)
                : Reading.Failed<double>(at);
    }

    /// <summary>A whole number that is not negative.</summary>
    public static Reading<long> Count(string? text, MonoTime at)
    {
        var number = Number(text, at);
        return number.Known() switch
        {
            null => new(number.State, null, at),
            >= 0 and <= long.MaxValue / 2 and var value => Reading.Fresh((long)Math.Round(value), at),
            _ => Reading.Failed<long>(at),
        };
    }

    /// <summary>As <see cref="Count"/>, for what fits an int.</summary>
    public static Reading<int> Small(string? text, MonoTime at)
    {
        var count = Count(text, at);
        return count.Value > int.MaxValue ? Reading.Failed<int>(at) : new(count.State, (int?)count.Value, at);
    }

    /// <summary>1 for <c>Yes</c> and <c>Active</c>, 0 for their opposites.</summary>
    public static Reading<int> Flag(string? text, MonoTime at) => text switch
    {
        "Yes" or "Active" => Reading.Fresh(1, at),
        "No" or "Not Active" => Reading.Fresh(0, at),
        _ when IsUnsupported(text) => Reading.Unsupported<int>(at),
        _ => Reading.Failed<int>(at),
    };

    /// <summary>The text itself; null where it stands for nothing.</summary>
    public static string? Words(string? text) => IsUnsupported(text) || IsError(text) ? null : text;

    public static bool IsUnsupported(string? text) => Bare(text) switch
    {
        null or "" or "N/A" or "Not Supported" or "None" or "Requested functionality has been deprecated" => true,
        _ => false,
    };

    public static bool IsError(string? text) => Bare(text) is { } bare
        && (bare is "Unknown Error" or "ERR!" or "Insufficient Permissions" or "Not Found" || IsLost(bare));

    /// <summary>NVML 15 and 16 in words.</summary>
    public static bool IsLost(string? text) => Bare(text) is { } bare
        && (bare.Contains("GPU is lost", StringComparison.OrdinalIgnoreCase) || bare.Contains("requires reset", StringComparison.OrdinalIgnoreCase));

    private static string? Bare(string? text) => text?.Trim().TrimStart('[').TrimEnd(']');

    private static double? Unit(ReadOnlySpan<char> unit) => unit switch
    {
        "" or "W" or "C" or "x" => 1,
        "%" => 0.01,
        "mW" => 0.001,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "MHz" => 1e6,
        _ => null,
    };
}
