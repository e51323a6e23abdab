using System.Globalization;
using Headroom.Model;

namespace Headroom.Observe.Latency.Sources;

/// <summary>The words of SLOs (<see cref="Slo.Name"/>) read back: <c>p95</c>, <c>p99.9</c>, <c>ttftP95</c>, <c>itlP50</c>.</summary>
internal static class SloWord
{
    public static bool TryParse(string word, out LatencySignal signal, out double rank)
    {
        signal = LatencySignal.EndToEnd;
        rank = 0;
        var letter = word.IndexOfAny(['p', 'P']);
        if (letter < 0)
            return false;
        if (letter > 0)
        {
            if (PresetFields.Signal(word[..letter]) is not { } named)
                return false;
            signal = named;
        }
        if (!double.TryParse(word.AsSpan(letter + 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent)
            || percent is not (> 0 and < 100))
            return false;
        rank = percent / 100;
        return true;
    }
}
