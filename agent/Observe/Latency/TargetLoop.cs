using System.Globalization;
using Headroom.Containers;
using Headroom.Model;

namespace Headroom.Observe.Latency;

/// <summary>Looks at one container's latency in its own rhythm until stopped. A look that does not come back is left behind, and none
/// is begun beside it.</summary>
internal sealed class TargetLoop
{
    private static readonly TimeSpan ProtectedEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan OtherEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SlowestSearch = TimeSpan.FromSeconds(30);
    /// <summary>Above every limit of the readers: it ends only what does not keep to its own.</summary>
    private static readonly TimeSpan ReadDeadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SearchDeadline = TimeSpan.FromSeconds(30);
    /// <summary>How long a look keeps its slot: one that takes longer only waits for its server, which costs nothing and must hold up nobody.</summary>
    private static readonly TimeSpan SlotTime = TimeSpan.FromMilliseconds(250);

    private readonly LatencySession _session;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _slots;
    private readonly Action<TargetLoop, WorkloadLatency, Exception?> _publish;
    private LatencyTarget _target;
    private Latest<LatencySample> _latest = Latest<LatencySample>.Nothing;
    private MonoTime _due;
    private Task? _leftBehind;
    private int _searches;

    /// <param name="session">Disposed of when the loop ends.</param>
    /// <param name="slots">How many looks begin at once over all loops.</param>
    /// <param name="publish">Called after each look, with the error that no reader should have thrown, if any.</param>
    public TargetLoop(LatencyTarget target, LatencySession session, TimeProvider time, SemaphoreSlim slots,
        Action<TargetLoop, WorkloadLatency, Exception?> publish)
    {
        _target = target;
        _session = session;
        _time = time;
        _slots = slots;
        _publish = publish;
        // Spread by id, so that a node's servers are not all asked at the same moment, and the same way each time.
        _due = time.Mono() + (Interval() * Spread(Id));
    }

    /// <summary>What may change without beginning anew: its state and how often it is read.</summary>
    public LatencyTarget Target
    {
        get => Volatile.Read(ref _target);
        set => Volatile.Write(ref _target, value);
    }

    public string Id => Target.Container.Id.InstanceId;

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                if (_due - _time.Mono() is { Ticks: > 0 } rest)
                    await Task.Delay(rest, _time, stop);
                // A paused server answers nothing, and says nothing by that.
                if (Target.Container.State == ContainerState.Running)
                    await LookAsync(stop);
                else
                    SetDue(_time.Mono());
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        finally
        {
            await _session.DisposeAsync();
        }
    }

    private async Task LookAsync(CancellationToken stop)
    {
        await _slots.WaitAsync(stop);
        var started = _time.Mono();
        var look = SampleAsync(stop);
        await ((Task)look).WaitAsync(SlotTime, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _slots.Release();

        Exception? bug = null;
        try
        {
            var sample = await look;
            _latest = _latest.Success(sample, started, _time.Mono());
        }
        catch (EndpointException e) when (e.Fault == EndpointFault.Settings)
        {
            // Nothing was asked: no attempt of a source that may well be healthy.
            _latest = _latest with { Error = e.Message };
        }
        catch (EndpointException e)
        {
            _latest = _latest.Failure(e.Message, started, _time.Mono());
        }
        catch (Exception e) when (e is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            bug = e;
            _latest = _latest.Failure($"unexpected: {e.Message}", started, _time.Mono());
        }
        _searches = _session.Reader is null ? _searches + 1 : 0;
        SetDue(_time.Mono());
        _publish(this, new WorkloadLatency(Id, _session.Reader?.Source, _latest), bug);
    }

    /// <summary>The next turn of the rhythm. Turns that were missed are left out, not made up for.</summary>
    private void SetDue(MonoTime now)
    {
        var interval = Interval();
        _due += interval * Math.Max(1, Math.Ceiling((now - _due) / interval));
    }

    private async Task<LatencySample> SampleAsync(CancellationToken stop)
    {
        if (_leftBehind is { IsCompleted: false })
            throw new EndpointException(EndpointFault.TimedOut, "the look before has not come back yet");
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var look = _session.ReadAsync(ended.Token);
        try
        {
            return await look.WaitAsync(_session.IsWell ? ReadDeadline : SearchDeadline, _time, stop);
        }
        catch (TimeoutException)
        {
            await ended.CancelAsync();
            _leftBehind = look.ContinueWith(done => done.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw new EndpointException(EndpointFault.TimedOut, "the look took too long and was given up");
        }
    }

    private TimeSpan Interval()
    {
        var target = Target;
        var every = target.Protected ? ProtectedEvery : OtherEvery;
        if (target.Metrics?.Probe is { } probe)
            every = TimeSpan.FromTicks(Math.Clamp(probe.Every.Ticks, ProtectedEvery.Ticks, every.Ticks));
        // 1, 2, 4 ... 30 s while nothing was found: a server takes its time to load a model.
        return _searches == 0 ? every : TimeSpan.FromTicks(Math.Min(SlowestSearch.Ticks, every.Ticks << Math.Min(_searches, 5)));
    }

    /// <summary>0..1 from the first digits of a container id.</summary>
    private static double Spread(string id) =>
        uint.TryParse(id.AsSpan(0, Math.Min(8, id.Length)), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var digits)
            ? digits / (double)uint.MaxValue
            : 0;
}
