using Headroom.Model;

namespace Headroom.Observe.Latency;

/// <summary>The recent looks at one cumulative histogram (or, with no bounds, at one sum and count), and its growth over the last completions.
/// Kept are the looks that a window may still begin at: at most one per completion, so some fifty, however long it runs.</summary>
internal sealed class SignalWindow
{
    /// <summary>A p95 of fewer completions is the slowest one or two of them.</summary>
    public const double WantedCompletions = 50;

    /// <summary>What is older says nothing of now.</summary>
    public static readonly TimeSpan MaxLength = TimeSpan.FromMinutes(5);

    /// <summary>Reached only by counts that grow by fractions.</summary>
    private const int MaxLooks = 128;

    private readonly List<(MonoTime At, LatencyHistogram Total)> _looks = [];

    /// <summary>How many are held.</summary>
    public int Looks => _looks.Count;

    /// <summary>Takes the next look. A count or bucket that fell, other bounds, or a gap longer than a window begin anew with this look as
    /// the baseline. What it holds is not counted then: it may be a restarted server's first requests, but as well what is left of a sum
    /// over models after one was unloaded, and that would be a spike of old latencies.</summary>
    public WindowStep Add(MonoTime at, LatencyHistogram total)
    {
        if (_looks.Count == 0)
        {
            _looks.Add((at, total));
            return WindowStep.Baseline;
        }
        var last = _looks[^1];
        var fell = !SameBounds(last.Total, total) || Fell(last.Total, total);
        if (fell || at - last.At > MaxLength)
        {
            _looks.Clear();
            _looks.Add((at, total));
            return fell ? WindowStep.Restarted : Grew(last.Total, total) ? WindowStep.Progress : WindowStep.Nothing;
        }

        var grew = Grew(last.Total, total);
        if (grew)
            _looks.Add((at, total));
        else
            _looks[^1] = (at, total);
        while (_looks.Count > 1 && (total.Count - _looks[1].Total.Count >= WantedCompletions || at - _looks[0].At > MaxLength))
            _looks.RemoveAt(0);
        if (_looks.Count > MaxLooks)
            _looks.RemoveAt(MaxLooks / 2);
        return grew ? WindowStep.Progress : WindowStep.Nothing;
    }

    /// <summary>The growth from the beginning of the window to the last look; null when nothing completed in it.</summary>
    public (LatencyHistogram Growth, TimeSpan Length)? Window()
    {
        if (_looks.Count < 2)
            return null;
        var (from, to) = (_looks[0], _looks[^1]);
        var cumulative = new double[to.Total.Cumulative.Count];
        for (var i = 0; i < cumulative.Length; i++)
        {
            // A scrape is no atomic look: a count may have been read a moment before its buckets.
            cumulative[i] = Math.Max(to.Total.Cumulative[i] - from.Total.Cumulative[i], i > 0 ? cumulative[i - 1] : 0);
        }
        if (cumulative[^1] <= 0)
            return null;
        var sum = to.Total.SumSeconds - from.Total.SumSeconds;
        return (new LatencyHistogram(to.Total.UpperBounds, cumulative, IsPossible(sum, to.Total, cumulative) ? sum : null), to.At - from.At);
    }

    /// <summary>Whether observations in these buckets can add up to that. If not, the sum was read at another moment than the buckets, or the
    /// server restarted and was already past its old counts, which nothing else shows.</summary>
    private static bool IsPossible(double? sum, LatencyHistogram total, double[] cumulative)
    {
        double least = 0, most = 0;
        for (var i = 0; i < cumulative.Length; i++)
        {
            var inBucket = cumulative[i] - (i > 0 ? cumulative[i - 1] : 0);
            least += inBucket * (i > 0 ? Math.Max(0, total.UpperBounds[i - 1]) : 0);
            most += inBucket > 0 ? inBucket * (i < total.UpperBounds.Count ? total.UpperBounds[i] : double.PositiveInfinity) : 0;
        }
        // Differences of big sums round.
        var rounding = 1e-9 * total.SumSeconds ?? 0;
        return sum >= 0 && sum >= least - rounding && sum <= most + rounding;
    }

    private static bool SameBounds(LatencyHistogram a, LatencyHistogram b) =>
        ReferenceEquals(a.UpperBounds, b.UpperBounds) || a.UpperBounds.SequenceEqual(b.UpperBounds);

    private static bool Fell(LatencyHistogram before, LatencyHistogram now)
    {
        for (var i = 0; i < before.Cumulative.Count; i++)
        {
            if (now.Cumulative[i] < before.Cumulative[i])
                return true;
        }
        return false;
    }

    private static bool Grew(LatencyHistogram before, LatencyHistogram now)
    {
        for (var i = 0; i < Math.Min(before.Cumulative.Count, now.Cumulative.Count); i++)
        {
            if (now.Cumulative[i] > before.Cumulative[i])
                return true;
        }
        return false;
    }
}

/// <summary>What a look showed against the one before.</summary>
internal enum WindowStep
{
    /// <summary>The first look.</summary>
    Baseline,
    Nothing,
    /// <summary>Something completed.</summary>
    Progress,
    /// <summary>Counts fell or bounds changed.</summary>
    Restarted,
}
