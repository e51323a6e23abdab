using Headroom.Model;

namespace Headroom.Observe.Latency;

/// <summary>Where the container's owner told Prometheus to scrape: the <c>prometheus.io/*</c> labels, a convention of compose files taken over
/// from Kubernetes, and KServe's of the same shape.</summary>
internal readonly record struct ScrapeLabels(int? Port, string? Path)
{
    public static ScrapeLabels Of(ContainerSample container)
    {
        var labels = container.Labels;
        var port = labels.GetValueOrDefault("prometheus.io/port") ?? labels.GetValueOrDefault("prometheus.kserve.io/port");
        var path = labels.GetValueOrDefault("prometheus.io/path") ?? labels.GetValueOrDefault("prometheus.kserve.io/path");
        return new ScrapeLabels(port is null ? null : CommandWords.Port(port), path is ['/', ..] ? path : null);
    }
}
