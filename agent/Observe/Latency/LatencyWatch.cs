using System.Collections.Immutable;
using System.Threading.Channels;
using Headroom.Containers;
using Headroom.Model;

namespace Headroom.Observe.Latency;

/// <summary>Reads each watched workload's latency in a loop of its own: a slow or dead server delays no other.</summary>
/// <param name="own">Where its connections are noted, if somebody counts requests.</param>
internal sealed partial class LatencyWatch(TimeProvider time, ILogger<LatencyWatch> log, OwnCalls? own = null) : ILatencySource
{
    private const int LooksAtOnce = 16;

    private sealed record Running(TargetLoop Loop, IReadOnlyList<Preset> Presets, CancellationTokenSource Stop, Task Task);

    private readonly Channel<LatencyWatchList> _lists =
        Channel.CreateBounded<LatencyWatchList>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly Dictionary<string, Running> _running = [];
    private readonly List<Task> _ending = [];

    /// <summary>Guards the two below: a loop that was replaced must not publish over its successor.</summary>
    private readonly Lock _gate = new();
    private readonly Dictionary<string, TargetLoop> _owners = [];
    private ImmutableDictionary<string, WorkloadLatency> _byInstance = ImmutableDictionary<string, WorkloadLatency>.Empty;

    public LatencySweep Latest => new(Volatile.Read(ref _byInstance));

    public void Watch(LatencyWatchList list) => _lists.Writer.TryWrite(list);

    public async Task RunAsync(CancellationToken stop)
    {
        using var slots = new SemaphoreSlim(LooksAtOnce);
        try
        {
            await foreach (var list in _lists.Reader.ReadAllAsync(stop))
                Reconcile(list, slots, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        finally
        {
            foreach (var id in _running.Keys.ToList())
                End(id);
            await Task.WhenAll(_ending);
        }
    }

    private void Reconcile(LatencyWatchList list, SemaphoreSlim slots, CancellationToken stop)
    {
        _ending.RemoveAll(task => task.IsCompleted);
        var wanted = new Dictionary<string, LatencyTarget>();
        foreach (var target in list.Targets.Where(target => target.Container.Runs))
            wanted.TryAdd(target.Container.Id.InstanceId, target);
        foreach (var id in _running.Keys.Where(id => !wanted.ContainsKey(id)).ToList())
            End(id);
        foreach (var (id, target) in wanted)
        {
            if (_running.TryGetValue(id, out var running) && ReadsTheSame(running, target, list.Presets))
            {
                running.Loop.Target = target;
                _running[id] = running with { Presets = list.Presets };
                continue;
            }
            End(id);
            Begin(id, target, list.Presets, slots, stop);
        }
    }

    private void Begin(string id, LatencyTarget target, IReadOnlyList<Preset> presets, SemaphoreSlim slots, CancellationToken stop)
    {
        var loop = new TargetLoop(target, new LatencySession(target, presets, time, own), time, slots, Publish);
        lock (_gate)
        {
            _owners[id] = loop;
            _byInstance = _byInstance.SetItem(id, new WorkloadLatency(id, null, Latest<LatencySample>.Nothing));
        }
        var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _running[id] = new Running(loop, presets, ended, Task.Run(() => loop.RunAsync(ended.Token), CancellationToken.None));
    }

    private void End(string id)
    {
        if (!_running.Remove(id, out var running))
            return;
        lock (_gate)
        {
            _owners.Remove(id);
            _byInstance = _byInstance.Remove(id);
        }
        _ending.Add(StopAsync(running));

        static async Task StopAsync(Running running)
        {
            await running.Stop.CancelAsync();
            await running.Task;
            running.Stop.Dispose();
        }
    }

    private void Publish(TargetLoop loop, WorkloadLatency latency, Exception? bug)
    {
        WorkloadLatency before;
        lock (_gate)
        {
            if (!_owners.TryGetValue(latency.InstanceId, out var owner) || owner != loop)
                return;
            before = _byInstance[latency.InstanceId];
            _byInstance = _byInstance.SetItem(latency.InstanceId, latency);
        }
        Log(loop.Target, before, latency, bug);
    }

    /// <summary>Only what changes between working and not: a server that is down for an hour is one line.</summary>
    private void Log(LatencyTarget target, WorkloadLatency before, WorkloadLatency now, Exception? bug)
    {
        var name = target.Container.Name;
        if (bug is not null)
            LogBug(bug, name);
        else if (now.Latest is { Error: null, Sample: { } sample } && (before.Latest is not { Error: null, Sample: not null } || before.Detected != now.Detected))
            LogReads(name, sample.Source, sample.Endpoint);
        else if (now.Latest.Error is { } error && before.Latest.Error is null)
            LogFails(now.Latest.Sample is not null || target.Protected || target.Metrics is not null ? LogLevel.Warning : LogLevel.Debug, name, error);
    }

    /// <summary>Whether nothing changed of what a reader stands on. State and rhythm may.</summary>
    private static bool ReadsTheSame(Running running, LatencyTarget target, IReadOnlyList<Preset> presets)
    {
        var (before, now) = (running.Loop.Target, target);
        return before.Container.Id.StartedAt == now.Container.Id.StartedAt && before.Container.Pid == now.Container.Pid
            && before.Container.Addresses.SequenceEqual(now.Container.Addresses)
            && before.Ports.SequenceEqual(now.Ports) && before.Metrics == now.Metrics
            && (ReferenceEquals(running.Presets, presets) || running.Presets.SequenceEqual(presets, PresetComparer.Instance));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "latency of {Workload}: read as {Source} at {Endpoint}")]
    private partial void LogReads(string workload, string source, string endpoint);

    [LoggerMessage(Message = "latency of {Workload}: {Error}")]
    private partial void LogFails(LogLevel level, string workload, string error);

    [LoggerMessage(Level = LogLevel.Error, Message = "latency of {Workload}: unexpected error")]
    private partial void LogBug(Exception error, string workload);
}
