using Prometheus;

namespace Headroom.Export.Metrics;

/// <summary>One page under construction: a fresh registry, so that what is gone from the node is gone from the page.</summary>
internal sealed class MetricPage
{
    private readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();
    private readonly MetricFactory _factory;
    private readonly Dictionary<MetricFamily, Gauge> _gauges = [];
    private readonly Dictionary<MetricFamily, Counter> _counters = [];

    public MetricPage() => _factory = Prometheus.Metrics.WithCustomRegistry(_registry);

    /// <summary>One series. A null or non-finite value is unknown, and unknown is absent.</summary>
    public void Set(MetricFamily family, double? value, params ReadOnlySpan<string> labels)
    {
        if (value is not { } known || !double.IsFinite(known))
            return;
        if (family.Kind == MetricKind.Gauge)
            GaugeOf(family).WithLabels(labels.ToArray()).Set(known);
        else if (known >= 0)
            CounterOf(family).WithLabels(labels.ToArray()).IncTo(known);
    }

    public void Set(MetricFamily family, bool value, params ReadOnlySpan<string> labels) => Set(family, value ? 1 : 0, labels);

    public Task WriteAsync(Stream stream, CancellationToken stop) => _registry.CollectAndExportAsTextAsync(stream, stop);

    private Gauge GaugeOf(MetricFamily family)
    {
        if (!_gauges.TryGetValue(family, out var gauge))
            _gauges[family] = gauge = _factory.CreateGauge(
                family.Name, family.Help, family.Labels, new GaugeConfiguration { SuppressInitialValue = true });
        return gauge;
    }

    private Counter CounterOf(MetricFamily family)
    {
        if (!_counters.TryGetValue(family, out var counter))
            _counters[family] = counter = _factory.CreateCounter(
                family.Name, family.Help, family.Labels, new CounterConfiguration { SuppressInitialValue = true });
        return counter;
    }
}
