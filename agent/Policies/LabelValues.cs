using Headroom.Model;

namespace Headroom.Policies;

/// <summary>What a container's own <c>headroom.*</c> labels say. Null: they do not say.</summary>
internal sealed record LabelValues
{
    public bool? Enable { get; init; }
    public bool? Exempt { get; init; }
    /// <summary>Part of Headroom itself: <c>agent</c>, <c>guard</c> or <c>monitoring</c>.</summary>
    public string? Role { get; init; }
    public Mode? Mode { get; init; }
    public Priority? Priority { get; init; }
    public IReadOnlyList<Slo> Slos { get; init; } = [];
    public long? GuaranteeBytes { get; init; }
    public long? CapBytes { get; init; }
    public string? Window { get; init; }
    public Yields? Yields { get; init; }
    public string? Group { get; init; }
    public IReadOnlyList<int> Ports { get; init; } = [];
    public string? MetricsPreset { get; init; }
    public int? MetricsPort { get; init; }
    public string? MetricsPath { get; init; }
    /// <summary>Each names label, value and what would be right.</summary>
    public IReadOnlyList<string> Mistakes { get; init; } = [];
}
