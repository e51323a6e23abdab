using Headroom.Model;

namespace Headroom.Profiling;

/// <summary>A GPU source -> the meter, each sweep once. Runs beside the load until it is disposed.</summary>
internal sealed class GpuWatch : IAsyncDisposable
{
    /// <summary>As the profile reads the GPUs; NVML renews memory at each call and use every 1/6 to 1 s.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);
    // An initialising driver wakes each GPU first, without persistence mode for seconds.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Stumble = TimeSpan.FromSeconds(1);

    private readonly IGpuSource _source;
    private readonly GpuMeter _meter;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private MonoTime? _fed;

    public GpuWatch(IGpuSource source, GpuMeter meter, TimeProvider time)
    {
        (_source, _meter, _time) = (source, meter, time);
        _running = Task.WhenAll(source.RunAsync(_stop.Token), FeedAsync());
    }

    /// <summary>Waits for a sweep that began after this call, so that what happened before is in it.</summary>
    /// <returns>Null: it came; otherwise why not.</returns>
    public async Task<string?> FreshAsync(CancellationToken stop)
    {
        var from = _time.Mono();
        while (_time.Mono() - from < Patience && !stop.IsCancellationRequested)
        {
            if (_fed is { } fed && fed >= from)
                return null;
            // A driver that is not there says so at once; one that stumbles for a moment is asked again.
            if (_source.Latest is { Error: not null, Sample: null } && _time.Mono() - from > Stumble)
                break;
            await Task.Delay(Look, _time, CancellationToken.None);
        }
        return _source.Latest.Error ?? "the GPU driver does not answer";
    }

    public GpuFigures Take()
    {
        lock (_lock)
            return _meter.Take();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task FeedAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var latest = _source.Latest;
            if (latest is { Sample: { } sweep, Attempted: { } at, Error: null } && at != _fed)
            {
                lock (_lock)
                    _meter.Feed(sweep);
                _fed = at;
            }
            await Task.Delay(Look, _time, CancellationToken.None);
        }
    }
}
