using Headroom.Model;

namespace Headroom.Observe.Latency;

/// <summary>What one alternative of a field has gathered in one reading.</summary>
internal sealed class SlotGather
{
    private ScalarSum _value, _total, _other, _otherTotal;
    private SeriesTable? _series;

    /// <param name="series">Names the series; equal for the lines of one histogram.</param>
    /// <param name="point">Bound or quantile; NaN where the line has none.</param>
    /// <returns>False: the line lacks a label that its kind needs.</returns>
    public bool Add(SampleRole role, ulong series, double point, double value)
    {
        switch (role)
        {
            case SampleRole.Value: _value.Add(value); return true;
            case SampleRole.TotalValue: _total.Add(value); return true;
            case SampleRole.Other: _other.Add(value); return true;
            case SampleRole.OtherTotal: _otherTotal.Add(value); return true;
            default: return (_series ??= new SeriesTable()).Add(role, series, point, value);
        }
    }

    public void AddTo(ScrapeBuilder scrape, PresetSlot slot, ref double[]? bounds)
    {
        var field = slot.Field;
        switch (field.Kind)
        {
            case PresetFieldKind.Histogram:
                AddHistogram(scrape, slot, ref bounds);
                break;
            case PresetFieldKind.Summary:
                AddSummary(scrape, slot);
                break;
            case PresetFieldKind.SumAndCount:
                // Under its plain name or with _total, never both: some servers write twins.
                var (sum, count) = (_value.Or(_total), _other.Or(_otherTotal));
                if (sum.Known(field.Name, scrape) is { } seconds && count.Known(field.Count ?? field.Name, scrape) is { } times)
                    scrape.Add(slot.Word, Units.Scale(seconds, field.Unit), times);
                break;
            default:
                var scalar = _value.Or(_total);
                if (scalar.Known(field.Name, scrape) is { } value)
                    // A ratio of several engines: the fullest, for there requests wait first.
                    scrape.Add(slot.Word, Units.Scale(slot.Word == PresetFields.KvCache ? scalar.Max : value, field.Unit));
                break;
        }
    }

    private void AddHistogram(ScrapeBuilder scrape, PresetSlot slot, ref double[]? bounds)
    {
        if (_series is null)
            return;
        if (HistogramMerge.Merge(_series, slot.Field, scrape) is { } merged)
        {
            // The same object scrape after scrape: most servers never change their bounds.
            if (bounds is null || !bounds.AsSpan().SequenceEqual(merged.Bounds))
                bounds = merged.Bounds;
            scrape.Add(slot.Word, new LatencyHistogram(bounds, merged.Cumulative, merged.Sum));
        }
        else if (_series.Totals() is { } totals)
        {
            scrape.Add(slot.Word, Units.Scale(totals.Sum, slot.Field.Unit), totals.Count);
        }
    }

    private void AddSummary(ScrapeBuilder scrape, PresetSlot slot)
    {
        if (_series is null)
            return;
        var quantiles = new SortedDictionary<double, double>();
        var several = 0;
        foreach (var series in _series.All)
        {
            // A model without requests has quantiles without meaning.
            if (series.Count is 0 || series.Points.Count == 0)
                continue;
            several++;
            foreach (var (rank, value) in series.Points)
            {
                if (rank is >= 0 and <= 1 && double.IsFinite(value) && value >= 0)
                    quantiles[rank] = Math.Max(quantiles.GetValueOrDefault(rank), Units.Scale(value, slot.Field.Unit));
            }
        }
        if (quantiles.Count > 0)
            scrape.Add(slot.Word, quantiles);
        if (several > 1)
            scrape.Remark($"{slot.Field.Name}: quantiles of {several} series can't be merged, the worst of each is taken");
        if (_series.Totals() is { } totals)
            scrape.Add(slot.Word, Units.Scale(totals.Sum, slot.Field.Unit), totals.Count);
    }
}

/// <summary>The sum over a family's series. One that is no number makes the whole unknown: a part of a sum is a wrong sum.</summary>
internal struct ScalarSum
{
    private double _sum;
    private int _series;
    private int _bad;

    public double Max { get; private set; }

    public void Add(double value)
    {
        _series++;
        if (!double.IsFinite(value) || value < 0)
            _bad++;
        _sum += value;
        Max = Math.Max(Max, value);
    }

    public readonly ScalarSum Or(ScalarSum other) => _series > 0 ? this : other;

    /// <summary>Null when there is no series, or one that can't be.</summary>
    public readonly double? Known(string name, ScrapeBuilder scrape)
    {
        if (_bad > 0)
            scrape.Remark($"{name}: negative or not a number");
        return _series == 0 || _bad > 0 ? null : _sum;
    }
}
