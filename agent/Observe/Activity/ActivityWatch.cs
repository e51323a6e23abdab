using System.Threading.Channels;
using Headroom.Containers;
using Headroom.Model;

namespace Headroom.Observe.Activity;

/// <summary>Sees from outside which workloads have requests in flight, from copies of their servers' packets. Fast: the cells of the board, by one thread. Slow: once a second, who is there and how sure it is.</summary>
/// <param name="own">The agent's own connections: they are no requests. Null: there are none.</param>
internal sealed partial class ActivityWatch(FlightBoard board, OwnCalls? own, TimeProvider time, ILogger<ActivityWatch> log) : IActivitySource
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Channel<ActivityWatchList> _lists =
        Channel.CreateBounded<ActivityWatchList>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly Dictionary<string, TargetWatch> _targets = [];
    private ActivityThread? _thread;
    private ActivitySweep _latest = ActivitySweep.Empty;

    public ActivitySweep Latest => Volatile.Read(ref _latest);

    public void Watch(ActivityWatchList list) => _lists.Writer.TryWrite(list);

    public async Task RunAsync(CancellationToken stop)
    {
        using var second = new PeriodicTimer(Interval, time);
        try
        {
            var tick = second.WaitForNextTickAsync(stop).AsTask();
            var given = _lists.Reader.WaitToReadAsync(stop).AsTask();
            while (true)
            {
                await await Task.WhenAny(tick, given);
                if (given.IsCompleted)
                {
                    if (_lists.Reader.TryRead(out var list))
                        Adopt(list);
                    given = _lists.Reader.WaitToReadAsync(stop).AsTask();
                }
                if (tick.IsCompleted)
                    tick = second.WaitForNextTickAsync(stop).AsTask();
                LookAll();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        finally
        {
            Adopt(ActivityWatchList.Empty);
            LookAll();
        }
    }

    private void Adopt(ActivityWatchList list)
    {
        var wanted = new Dictionary<string, ActivityTarget>();
        foreach (var target in list.Targets)
            wanted.TryAdd(target.Container.Id.InstanceId, target);
        foreach (var (id, watch) in _targets.ToList())
        {
            if (wanted.TryGetValue(id, out var target) && watch.Takes(target, list.Presets))
                continue;
            watch.End(_thread);
            _targets.Remove(id);
            if (target is null)
                board.Forget(id, time.Mono());
        }
        foreach (var (id, target) in wanted)
            if (!_targets.ContainsKey(id))
                _targets[id] = new TargetWatch(target, list.Presets, board, own, time);
        if (_targets.Count > 0)
            return;
        _thread?.Dispose();
        _thread = null;
    }

    private void LookAll()
    {
        var sweep = new Dictionary<string, WorkloadActivity>(_targets.Count);
        foreach (var (id, watch) in _targets)
        {
            var activity = watch.Look(() => _thread ??= new ActivityThread(board, time, log));
            sweep[id] = activity;
            Log(watch.Target.Container.Name, Latest.ByInstance.GetValueOrDefault(id), activity);
        }
        Volatile.Write(ref _latest, new ActivitySweep(sweep));
    }

    /// <summary>Only what changes between seen and not: a server that is down for an hour is one line.</summary>
    private void Log(string name, WorkloadActivity? before, WorkloadActivity now)
    {
        if (before is not null && before.Confidence == now.Confidence)
            return;
        if (now.Confidence == ActivityConfidence.High)
            LogSeen(name, now.Ports);
        else
            LogUnseen(now.Confidence == ActivityConfidence.None ? LogLevel.Warning : LogLevel.Information, name, now.Why ?? "");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "requests in flight of {Workload}: seen on port {Ports}")]
    private partial void LogSeen(string workload, IReadOnlyList<int> ports);

    [LoggerMessage(Message = "requests in flight of {Workload}: not known: {Why}")]
    private partial void LogUnseen(LogLevel level, string workload, string why);
}
