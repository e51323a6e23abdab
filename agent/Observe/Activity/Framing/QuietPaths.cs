namespace Headroom.Observe.Activity.Framing;

/// <summary>Requests that only look: health checks and metrics. Whoever asks costs the GPU nothing, so they close no gate.</summary>
/// <param name="metricsPath">Where this workload's metrics are, besides <c>/metrics</c>; null: nowhere else.</param>
internal sealed class QuietPaths(string? metricsPath)
{
    private readonly byte[] _metrics = metricsPath is null ? [] : System.Text.Encoding.ASCII.GetBytes(metricsPath);

    /// <param name="path">As sent, with its query; of gRPC <c>/package.Service/Method</c>.</param>
    public bool Has(ReadOnlySpan<byte> path)
    {
        var end = path.IndexOfAny("?#"u8);
        if (end >= 0)
            path = path[..end];
        return _metrics.Length > 0 && path.SequenceEqual(_metrics) || path.SequenceEqual("/metrics"u8) || path.SequenceEqual("/health"u8)
            || path.StartsWith("/grpc.health.v1.Health/"u8);
    }
}
