using System.Text;
using Headroom.Model;

namespace Headroom.Export.Metrics;

/// <summary>A view -> its page. Rendered once a view, at the first scrape, and kept as bytes: any number of scrapers see the same tick whole.</summary>
internal sealed class MetricsRenderer(bool dcgmNames) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);
    // Of the one that draws; kept, as some hundred KiB each time would be collected with everything else.
    private readonly MemoryStream _stream = new();
    private readonly StringBuilder _histograms = new();
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
        _stream.SetLength(0);
        await page.WriteAsync(_stream, stop);
        _histograms.Clear();
        HistogramText.AppendLatencies(_histograms, view.Snapshot, label);
        HistogramText.AppendGates(_histograms, view.Snapshot, label);
        await using (var writer = new StreamWriter(_stream, leaveOpen: true)) // UTF-8 without a mark
            await writer.WriteAsync(_histograms, stop);
        // Its own copy: it is being sent while the next one is drawn.
        return _stream.ToArray();
    }

    public void Dispose()
    {
        _one.Dispose();
        _stream.Dispose();
    }
}
