namespace Headroom.Model;

/// <summary>The words of SLOs in policies, labels and PromQL sources: <c>p50 p90 p95 p99</c> for whole requests, else with the signal
/// in front: <c>ttftP95</c>, <c>itlP99</c>, <c>queueP50</c>.</summary>
internal static class SloWords
{
    private static readonly (string Word, LatencySignal Signal, double Rank)[] Known =
    [
        .. from signal in Enum.GetValues<LatencySignal>()
           from percent in (int[])[50, 90, 95, 99]
           let word = signal == LatencySignal.EndToEnd ? $"p{percent}" : $"{PresetFields.Word(signal)}P{percent}"
           select (word, signal, percent / 100.0),
    ];

    public static readonly IReadOnlyList<string> All = [.. Known.Select(known => known.Word)];

    /// <summary>Signal and quantile (0..1) of a word; null when it is none.</summary>
    public static (LatencySignal Signal, double Rank)? Find(string word)
    {
        foreach (var known in Known)
            if (known.Word == word)
                return (known.Signal, known.Rank);
        return null;
    }

    /// <summary>Null where no word is known for the quantile.</summary>
    public static string? Of(LatencySignal signal, double rank)
    {
        foreach (var known in Known)
            if (known.Signal == signal && known.Rank == rank)
                return known.Word;
        return null;
    }
}
