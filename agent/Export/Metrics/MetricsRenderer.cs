using System.Text;
using Headroom.Model;

namespace Headroom.Export.Metrics;

/// <summary>A view -> its page. Rendered once a view, at the first scrape, and kept as bytes: any number of scrapers see the same tick whole.</summary>
internal sealed class MetricsRenderer(bool dcgmNames) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);
    private Page? _page;

    private sealed record Page(NodeView View, ReadOnlyMemory<byte> Bytes);

    public async ValueTask<ReadOnlyMemory<byte>> RenderAsync(NodeView view, CancellationToken stop)
    {
        if (Volatile.Read(ref _page) is { } ready && ReferenceEquals(ready.View, view))
            return ready.Bytes;
        await _one.WaitAsync(stop);
        try
        {
            if (_page is { } made && (ReferenceEquals(made.View, view) || made.View.Snapshot.Seq > view.Snapshot.Seq))
                return made.Bytes;
            var bytes = await DrawAsync(view, stop);
            Volatile.Write(ref _page, new Page(view, bytes));
            return bytes;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<ReadOnlyMemory<byte>> DrawAsync(NodeView view, CancellationToken stop)
    {
        var page = new MetricPage();
        var label = WorkloadLabel.For(view.Snapshot);
        GpuMetrics.Write(page, view.Snapshot);
        WorkloadMetrics.Write(page, view.Snapshot, label);
        PlanMetrics.Write(page, view, label);
        ActMetrics.Write(page, view, label);
        AlertMetrics.Write(page, view);
        AgentMetrics.Write(page, view);
        if (dcgmNames)
            DcgmMetrics.Write(page, view.Snapshot);
        using var stream = new MemoryStream();
        await page.WriteAsync(stream, stop);
        var histogram = new StringBuilder();
        HistogramText.AppendLatencies(histogram, view.Snapshot, label);
        HistogramText.AppendGates(histogram, view.Snapshot, label);
        stream.Write(Encoding.UTF8.GetBytes(histogram.ToString()));
        return stream.ToArray();
    }

    public void Dispose() => _one.Dispose();
}
