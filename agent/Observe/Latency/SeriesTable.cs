namespace Headroom.Observe.Latency;

/// <summary>One series of a histogram or summary as its lines came.</summary>
internal sealed class Series
{
    /// <summary>(bound, observations at or below) or (rank, value), as written.</summary>
    public List<(double At, double Value)> Points { get; } = [];
    public double? Sum { get; set; }
    public double? Count { get; set; }
}

/// <summary>The series of one family, by the hash of their labels. Bounded: see <see cref="MaxSeries"/> and <see cref="MaxPoints"/>.</summary>
internal sealed class SeriesTable
{
    /// <summary>Beyond these a family is not a latency of a model any more, but a mistake in labels.</summary>
    public const int MaxSeries = 4096, MaxPoints = 512;

    private readonly Dictionary<ulong, Series> _byLabels = [];
    private ulong _lastKey;
    private Series? _last;

    public IReadOnlyCollection<Series> All => _byLabels.Values;
    public bool Overflown { get; private set; }

    public bool Add(SampleRole role, ulong key, double point, double value)
    {
        if (role is SampleRole.Bucket or SampleRole.Quantile && double.IsNaN(point))
            return false;
        if (Find(key) is not { } series)
            return true;
        switch (role)
        {
            case SampleRole.Sum:
                series.Sum = value;
                break;
            case SampleRole.Count:
                series.Count = value;
                break;
            default:
                if (series.Points.Count < MaxPoints)
                    series.Points.Add((point, value));
                else
                    Overflown = true;
                break;
        }
        return true;
    }

    /// <summary>Sum and count over all series; null when none has both or one can't be.</summary>
    public (double Sum, double Count)? Totals()
    {
        double sum = 0, count = 0;
        var any = false;
        foreach (var series in _byLabels.Values)
        {
            if (series.Sum is not { } s || series.Count is not { } c)
                continue;
            if (!double.IsFinite(s) || !double.IsFinite(c) || s < 0 || c < 0)
                return null;
            any = true;
            sum += s;
            count += c;
        }
        return any ? (sum, count) : null;
    }

    private Series? Find(ulong key)
    {
        if (_last is not null && _lastKey == key)
            return _last;
        if (!_byLabels.TryGetValue(key, out var series))
        {
            if (_byLabels.Count == MaxSeries)
            {
                Overflown = true;
                return null;
            }
            _byLabels.Add(key, series = new Series());
        }
        (_lastKey, _last) = (key, series);
        return series;
    }
}
