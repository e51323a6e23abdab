namespace Headroom.Export.Metrics;

internal enum MetricKind { Gauge, Counter }

/// <summary>One metric family. The name is a public contract: frozen once published; base units, ratios 0..1.</summary>
internal sealed record MetricFamily(MetricKind Kind, string Name, string Help, params string[] Labels);
