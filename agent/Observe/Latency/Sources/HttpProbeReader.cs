using Headroom.Containers;
using Headroom.Model;

namespace Headroom.Observe.Latency.Sources;

/// <summary>Asks the model itself now and then and keeps the answers' times. A look never waits for the probe: one that hangs shows as running.</summary>
internal sealed class HttpProbeReader : ILatencyReader, IAsyncDisposable
{
    /// <summary>A probe is a whole inference, not a page: it may take as long as the slowest bucket.</summary>
    public static readonly HttpLimits Limits = HttpLimits.Scrape with { Whole = TimeSpan.FromSeconds(ProbeHistogram.Bounds[^1]) };

    private readonly ContainerHttp _http;
    private readonly HttpProbe _probe;
    private readonly int _port;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();

    private readonly Lock _gate = new();
    private readonly ProbeHistogram _whole = new();
    private readonly ProbeHistogram _firstByte = new();
    private Task? _inFlight;
    private MonoTime? _due;
    private double _finished;
    private double _failed;
    private EndpointException? _lastFailure;

    public HttpProbeReader(ContainerSample container, HttpProbe probe, int port, TimeProvider time, HttpLimits? limits = null)
    {
        _http = new ContainerHttp(container, time, limits ?? Limits);
        _probe = probe;
        _port = port;
        _time = time;
    }

    public string Source => "probe";
    public string Endpoint => _http.Url(_port, _probe.Path);
    public bool CountsCompletions => true;
    public bool SeesUsers => false;

    public ValueTask<LatencyScrape> ReadAsync(CancellationToken stop)
    {
        lock (_gate)
        {
            var now = _time.Mono();
            if (_inFlight is null && !(now < _due))
            {
                // A tenth early: a look that comes a moment before the next probe is due must not put it off for a whole round.
                _due = now + (_probe.Every * 0.9);
                _inFlight = Task.Run(ProbeAsync, CancellationToken.None);
            }
            return _lastFailure is { Fault: EndpointFault.NoConnection or EndpointFault.Settings } down
                ? ValueTask.FromException<LatencyScrape>(down)
                : ValueTask.FromResult(Scrape(now));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_inFlight is { } last)
            await last;
        _http.Dispose();
        _stop.Dispose();
    }

    private LatencyScrape Scrape(MonoTime now) => new()
    {
        At = now,
        Histograms = new Dictionary<LatencySignal, LatencyHistogram>
        {
            [LatencySignal.EndToEnd] = _whole.Total(),
            [LatencySignal.TimeToFirstToken] = _firstByte.Total(),
        },
        Running = _inFlight is null ? 0 : 1,
        Requests = _finished,
        FailedRequests = _failed,
        Remarks = _lastFailure is { } failure ? [$"the last probe failed: {failure.Message}"] : [],
    };

    private async Task ProbeAsync()
    {
        var started = _time.Mono();
        MonoTime? first = null;
        EndpointException? failure = null;
        try
        {
            var status = await _http.SendAsync(
                new HttpMethod(_probe.Method), _port, _probe.Path, _probe.Body, _ => first ??= _time.Mono(), _stop.Token);
            if ((int)status is < 200 or >= 300)
                failure = new EndpointException(EndpointFault.Refused, $"{Endpoint} answers the probe with status {(int)status}");
        }
        catch (EndpointException e)
        {
            failure = e;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return;
        }
        Record(started, first, failure);
    }

    private void Record(MonoTime started, MonoTime? first, EndpointException? failure)
    {
        lock (_gate)
        {
            var ended = _time.Mono();
            _inFlight = null;
            _lastFailure = failure;
            _finished++;
            if (failure is not null)
                _failed++;
            if (failure is null or { Fault: EndpointFault.TimedOut })
                // One that was given up took at least that long: left out, a server that hangs would look fast.
                _whole.Observe(ended - started);
            if (failure is null)
                _firstByte.Observe((first ?? ended) - started);
            if (failure is { Fault: EndpointFault.TimedOut or EndpointFault.NoConnection })
                // A hang would look like quiet while nothing is in flight; and a server that is back should be seen soon.
                _due = ended;
        }
    }
}
