using Headroom.Containers;
using Headroom.Model;
using Headroom.Observe.Latency.Sources;

namespace Headroom.Observe.Latency;

/// <summary>Reads one life of one container: finds its source, remembers it, looks for another when it fails for long. One call at a time.</summary>
internal sealed class LatencySession(LatencyTarget target, IReadOnlyList<Preset> presets, TimeProvider time, OwnCalls? own = null) : IAsyncDisposable
{
    private const int FailuresBeforeSearch = 5;
    private static readonly TimeSpan SearchAgainAfter = TimeSpan.FromSeconds(30);

    private readonly ContainerHttp _http = new(target.Container, time, own: own);
    private ILatencyReader? _reader;
    private LatencyTracker? _tracker;
    private int _failures;
    private MonoTime _searchedAt;

    /// <summary>Null while none was found.</summary>
    public ILatencyReader? Reader => _reader;

    /// <summary>Found, and the last look went well: the next one is likely to be quick.</summary>
    public bool IsWell => _reader is not null && _failures == 0;

    /// <exception cref="EndpointException">It can't be read now; says why and what to do.</exception>
    public async Task<LatencySample> ReadAsync(CancellationToken stop)
    {
        if (_reader is null)
            Use(await SearchAsync(stop));
        else if (_failures >= FailuresBeforeSearch && time.Mono() - _searchedAt >= SearchAgainAfter)
            await SearchAgainAsync(stop);
        try
        {
            var sample = _tracker!.Add(await _reader!.ReadAsync(stop));
            _failures = 0;
            return sample;
        }
        catch
        {
            _failures++;
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await DisposeAsync(_reader);
        _http.Dispose();
    }

    private Task<ILatencyReader> SearchAsync(CancellationToken stop)
    {
        _searchedAt = time.Mono();
        return ReaderFactory.CreateAsync(target, presets, _http, time, stop);
    }

    /// <summary>The server may have moved. When nothing else is found the known place is kept: most servers that fail only restart.</summary>
    private async Task SearchAgainAsync(CancellationToken stop)
    {
        // What the user named does not move.
        if (target.Metrics is { Textfile: not null } or { Query: not null } or { Probe: not null })
            return;
        try
        {
            var found = await SearchAsync(stop);
            if (found.Source == _reader!.Source && found.Endpoint == _reader.Endpoint)
                await DisposeAsync(found);
            else
                Use(found);
        }
        catch (EndpointException)
        {
            // Told by the look that follows.
        }
    }

    private void Use(ILatencyReader reader)
    {
        // Page readers own nothing; the connections are the session's.
        _reader = reader;
        _tracker = new LatencyTracker(reader.Source, reader.Endpoint, reader.CountsCompletions, reader.SeesUsers, reader.Refresh);
        _failures = 0;
    }

    private static ValueTask DisposeAsync(ILatencyReader? reader)
    {
        if (reader is IAsyncDisposable asynchronous)
            return asynchronous.DisposeAsync();
        (reader as IDisposable)?.Dispose();
        return ValueTask.CompletedTask;
    }
}
