using Headroom.Model;

namespace Headroom.Simulate;

/// <summary>The simulated server as the host runs it: the world follows the clock, moved on by whoever looks.</summary>
/// <remarks>Times told to the outside are the host's: a container that started ten simulated seconds ago at speed 10 started one second ago.</remarks>
internal sealed class SimulatedNode
{
    /// <summary>Simulated before the first look, so that counters, memory and temperatures look lived in.</summary>
    public static readonly TimeSpan WarmUp = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan MorningStart = TimeSpan.FromHours(9);
    // As often as an unprotected server is scraped.
    private static readonly TimeSpan GlanceEvery = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly World _world;
    private readonly TimeProvider _time;
    private readonly double _speed;
    private readonly MonoTime _startMono;
    private readonly DateTimeOffset _startWall;

    /// <exception cref="ArgumentException">The speed is out of range, or the scenario unknown.</exception>
    public SimulatedNode(SimulationOptions options, TimeProvider time)
        : this(Scenario.Named(options.Scenario), options, time)
    {
    }

    public SimulatedNode(Scenario scenario, SimulationOptions options, TimeProvider time)
    {
        if (!(options.Speed is > 0 and <= SimulationOptions.MaxSpeed))
            throw new ArgumentOutOfRangeException(nameof(options), options.Speed, $"the simulator's speed is above 0 and at most {SimulationOptions.MaxSpeed}");
        _time = time;
        _speed = options.Speed;
        _startMono = time.Mono();
        _startWall = time.GetUtcNow();
        var local = time.GetLocalNow();
        var startsAt = options.StartsAt ?? new DateTimeOffset(local.Date, local.Offset) + MorningStart;
        _world = new World(scenario, options.Seed, startsAt - WarmUp);
        _world.Advance(WarmUp);
        Gpus = new SimulatedGpuSource(this);
        Workloads = new SimulatedWorkloadSource(this);
        Latency = new SimulatedLatencySource(this);
        Activity = new SimulatedActivitySource(this);
        Reconciler = new SimulatedReconciler(this);
        Levers = new SimulatedLevers(this);
    }

    public SimulatedGpuSource Gpus { get; }
    public SimulatedWorkloadSource Workloads { get; }
    public SimulatedLatencySource Latency { get; }
    public SimulatedActivitySource Activity { get; }
    public SimulatedReconciler Reconciler { get; }
    public SimulatedLevers Levers { get; }

    /// <summary>Moves the world up to now and looks at it. Everybody else waits: be short.</summary>
    public T Look<T>(Func<World, SimulatedNow, T> look)
    {
        lock (_gate)
            return look(_world, CatchUp());
    }

    /// <summary>When that was, or will be, by the host's wall clock.</summary>
    public DateTimeOffset HostWall(TimeSpan elapsed) => _startWall + (elapsed - WarmUp) / _speed;

    /// <summary>This life of it, as Docker would name it.</summary>
    public WorkloadId IdOf(SimulatedWorkload workload) => new(workload.Name, workload.InstanceId, HostWall(workload.StartedAt));

    /// <summary>Calls <paramref name="sweep"/> at once and then each second of the host.</summary>
    public async Task RepeatAsync(Action sweep, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), _time);
        try
        {
            do
                sweep();
            while (await timer.WaitForNextTickAsync(stop).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    private SimulatedNow CatchUp()
    {
        var mono = _time.Mono();
        var target = WarmUp + (mono - _startMono) * _speed;
        // At high speeds minutes pass between two looks, too long for windows over the last requests: so glance on the way.
        for (var next = NextGlance(); next <= target; next = NextGlance())
        {
            _world.Advance(next - _world.Elapsed);
            Latency.Glance(_world, Now(mono));
        }
        if (target > _world.Elapsed)
            _world.Advance(target - _world.Elapsed);
        return Now(mono);
    }

    private TimeSpan NextGlance() => new((_world.Elapsed.Ticks / GlanceEvery.Ticks + 1) * GlanceEvery.Ticks);

    private SimulatedNow Now(MonoTime mono) => new(mono, _startMono + (_world.Elapsed - WarmUp), _world.Elapsed);
}

/// <summary>One moment by three clocks; the first two are the same at speed 1.</summary>
/// <param name="Host">The host's steady clock: what freshness is judged by.</param>
/// <param name="Simulated">A steady clock that goes as fast as the simulation: what latencies and windows are measured by.</param>
/// <param name="Elapsed">Since the world's origin.</param>
internal readonly record struct SimulatedNow(MonoTime Host, MonoTime Simulated, TimeSpan Elapsed);
