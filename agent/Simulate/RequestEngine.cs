using Headroom.Model;

namespace Headroom.Simulate;

/// <summary>A request that was answered.</summary>
/// <param name="Work">GPU seconds that it needed.</param>
internal readonly record struct CompletedRequest(string Workload, TimeSpan Arrived, TimeSpan Started, TimeSpan Done, double Work)
{
    /// <summary>Arrival to last byte.</summary>
    public TimeSpan Sojourn => Done - Arrived;
    /// <summary>Null where there are no tokens.</summary>
    public TimeSpan? FirstToken { get; init; }
    public int Tokens { get; init; }
}

/// <summary>Answers requests. Those in work share the model's GPU time evenly; the others wait in order.
/// All in work progress alike, so one number, the work each has got since the server was last empty, places them all.</summary>
internal sealed class RequestEngine : Engine
{
    private readonly string _name;
    private readonly ServingSpec _spec;
    private readonly RequestMaker _maker;
    private readonly IArrivals _arrivals;
    private readonly Action<CompletedRequest> _completed;
    // By the work at which each next has something to tell: its end, its first token, its next tokens.
    private readonly PriorityQueue<Request, double> _running = new();
    private readonly Queue<Request> _waiting = new();
    private Meter _progress;
    private Meter _busy;
    private double _rate;
    private TimeSpan _nextArrival;
    private TimeSpan _nextMilestone = TimeSpan.MaxValue;
    private bool _open;

    public RequestEngine(string name, ServingSpec spec, long seed, TimeSpan midnight, Action<CompletedRequest> completed)
    {
        _name = name;
        _spec = spec;
        _maker = new RequestMaker(spec, Dice.For(seed, $"{name}/work"));
        _arrivals = spec.Trace is { } trace
            ? new TraceArrivals(trace)
            : new Arrivals(spec.Arrivals, spec.GapCv, Dice.For(seed, $"{name}/arrivals"), midnight);
        _completed = completed;
        _nextArrival = _arrivals.After(TimeSpan.Zero);
        Metrics = new ServerMetrics(spec.Metrics);
    }

    public ServerMetrics Metrics { get; private set; }
    public int Running => _running.Count;
    public int Waiting => _waiting.Count;
    public int InFlight => _running.Count + _waiting.Count;
    /// <summary>Requests that found nobody, or were in flight when the server died.</summary>
    public long Lost { get; private set; }
    /// <summary>Tokens of the requests in work.</summary>
    public double HeldTokens { get; private set; }

    /// <summary>Seconds in which any request was in flight.</summary>
    public double BusySeconds(TimeSpan now) => _busy.At(now);

    public override bool HasWork => _running.Count > 0;
    public override TimeSpan NextAt => _nextArrival < _nextMilestone ? _nextArrival : _nextMilestone;

    public override void Step(TimeSpan now)
    {
        if (_nextMilestone <= now)
            Reach(now);
        if (_nextArrival <= now)
        {
            Arrive(now);
            _nextArrival = _arrivals.After(_nextArrival);
        }
        Reschedule(now);
    }

    public override void SetRate(TimeSpan now, double rate)
    {
        _rate = rate;
        Reschedule(now);
    }

    public override void Open(TimeSpan now) => _open = true;

    public override void Close(TimeSpan now)
    {
        _open = false;
        Lost += _running.Count + _waiting.Count;
        _running.Clear();
        _waiting.Clear();
        HeldTokens = 0;
        Metrics = new ServerMetrics(_spec.Metrics);
        Reschedule(now);
    }

    private void Arrive(TimeSpan now)
    {
        // Made even when nobody takes it, so that every run of a seed sees the same requests.
        var request = _maker.Make(now, _arrivals.Lengths);
        if (!_open)
            Lost++;
        else if (_running.Count < _spec.Concurrency)
            Begin(request, now);
        else if (_waiting.Count < _spec.QueueLimit)
            _waiting.Enqueue(request);
        else
            Metrics.Failed++;
    }

    private void Begin(Request request, TimeSpan now)
    {
        if (_running.Count == 0)
            _progress.Restart(now);
        request.Started = now;
        Metrics.Observe(LatencySignal.Queue, now - request.Arrived);
        HeldTokens += request.PromptTokens;
        _running.Enqueue(request, _progress.At(now) + request.Work);
    }

    private void Reach(TimeSpan now)
    {
        _running.TryDequeue(out var request, out var reached);
        if (_spec.Tokens is { } tokens)
        {
            Emit(request!, now);
            if (request!.TokensLeft > 0)
            {
                request.NextTokens = Math.Min(request.TokensLeft, RequestMaker.TokensAtOnce);
                _running.Enqueue(request, reached + request.NextTokens * tokens.DecodeSecondsPerToken);
                return;
            }
        }
        Finish(request!, now);
        if (_waiting.TryDequeue(out var next))
            Begin(next, now);
    }

    private void Emit(Request request, TimeSpan now)
    {
        if (request.Emitted == 0)
        {
            request.FirstTokenAt = now;
            Metrics.Observe(LatencySignal.TimeToFirstToken, now - request.Arrived);
            Metrics.PromptTokens += request.PromptTokens;
        }
        else
        {
            Metrics.Observe(LatencySignal.InterToken, (now - request.LastTokenAt) / request.NextTokens, request.NextTokens);
        }
        request.LastTokenAt = now;
        request.Emitted += request.NextTokens;
        HeldTokens += request.NextTokens;
        Metrics.GeneratedTokens += request.NextTokens;
    }

    private void Finish(Request request, TimeSpan now)
    {
        HeldTokens -= request.PromptTokens + request.Emitted;
        Metrics.Requests++;
        Metrics.Observe(LatencySignal.EndToEnd, now - request.Arrived);
        _completed(new CompletedRequest(_name, request.Arrived, request.Started, now, _maker.WorkOf(request))
        {
            FirstToken = request.FirstTokenAt,
            Tokens = request.Tokens,
        });
    }

    private void Reschedule(TimeSpan now)
    {
        _busy.SetRate(now, InFlight > 0 ? 1 : 0);
        var others = Math.Max(0, _running.Count - 1);
        var each = HasWork ? _rate / (1 + others * (1 - _spec.BatchingGain)) : 0;
        _progress.SetRate(now, each);
        _nextMilestone = each > 0 && _running.TryPeek(out _, out var at)
            ? now + new TimeSpan((long)Math.Ceiling(Math.Max(0, (at - _progress.At(now)) / each * TimeSpan.TicksPerSecond)))
            : TimeSpan.MaxValue;
    }
}
