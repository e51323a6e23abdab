using Headroom.Model;

namespace Headroom.Simulate;

/// <summary>The requests in flight at the simulated servers, as a watcher of their ports would see them.</summary>
internal sealed class SimulatedActivitySource(SimulatedNode node) : IActivitySource
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    // Under the node's lock; by workload name: busy seconds at each look of the last minute, the first one older.
    private readonly Dictionary<string, Queue<(TimeSpan At, double Busy)>> _looks = [];
    private ActivitySweep _latest = ActivitySweep.Empty;

    public ActivitySweep Latest => Volatile.Read(ref _latest);

    /// <summary>The simulated watcher sees all servers at no cost.</summary>
    public void Watch(ActivityWatchList list)
    {
    }

    public Task RunAsync(CancellationToken stop) => node.RepeatAsync(() => Sweep(), stop);

    /// <summary>Looks at all servers once and publishes.</summary>
    public ActivitySweep Sweep() => node.Look((world, now) =>
    {
        var seen = new Dictionary<string, WorkloadActivity>();
        foreach (var workload in world.Workloads)
            if (workload is { Server: { } server, Spec.Serving: { Seen: not ActivityConfidence.None } serving })
            {
                var ratio = BusyRatio(workload.Name, now.Elapsed, server.BusySeconds(now.Elapsed));
                if (workload.Alive)
                    seen[workload.InstanceId] = new WorkloadActivity(serving.Seen, server.InFlight, ratio, now.Host);
            }
        var sweep = new ActivitySweep(seen);
        Volatile.Write(ref _latest, sweep);
        return sweep;
    });

    private double BusyRatio(string workload, TimeSpan now, double busy)
    {
        if (!_looks.TryGetValue(workload, out var looks))
        {
            // Until there is a minute of looks: since the world began.
            _looks[workload] = looks = new();
            looks.Enqueue((TimeSpan.Zero, 0));
        }
        looks.Enqueue((now, busy));
        while (looks.Count > 2 && looks.ElementAt(1).At <= now - Minute)
            looks.Dequeue();
        var first = looks.Peek();
        return now > first.At ? Math.Clamp((busy - first.Busy) / (now - first.At).TotalSeconds, 0, 1) : 0;
    }
}
