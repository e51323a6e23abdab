namespace Headroom.Simulate;

/// <summary>The whole simulated server. Knows no clock: <see cref="Advance"/> moves its time from event to event.
/// The same scenario, seed and verbs at the same simulated times give the same world, whatever the steps. Not thread-safe.</summary>
internal sealed class World
{
    private const int FirstPid = 21_430;

    private readonly SimulatedGpu[] _gpus;
    private readonly SimulatedWorkload[] _workloads;
    // One delegate for all events.
    private readonly Action<SimulatedWorkload> _step;
    private int _pid = FirstPid;

    /// <param name="startsAt">Wall clock at the origin of time; its time of day decides the traffic.</param>
    public World(Scenario scenario, long seed, DateTimeOffset startsAt)
    {
        StartsAt = startsAt;
        _step = workload => workload.Step(Elapsed);
        var midnight = startsAt.TimeOfDay;
        _gpus = [.. scenario.Gpus.Select((spec, i) =>
            new SimulatedGpu(i, spec, [.. scenario.HostProcesses.Where(process => process.Gpu == i)], seed, midnight))];
        _workloads = [.. scenario.Workloads.Select(spec =>
            new SimulatedWorkload(spec, _gpus[spec.Gpu], seed, midnight, NextPid, request => Completed?.Invoke(request)))];
        foreach (var workload in _workloads)
        {
            _gpus[workload.Spec.Gpu].Add(workload);
            workload.Boot();
        }
        foreach (var gpu in _gpus)
            gpu.Rebalance(Elapsed);
    }

    public DateTimeOffset StartsAt { get; }
    /// <summary>Simulated time since the origin.</summary>
    public TimeSpan Elapsed { get; private set; }
    public DateTimeOffset WallAt => StartsAt + Elapsed;
    public IReadOnlyList<SimulatedGpu> Gpus => _gpus;
    public IReadOnlyList<SimulatedWorkload> Workloads => _workloads;
    /// <summary>Called for each answered request, while the world advances.</summary>
    public Action<CompletedRequest>? Completed { get; set; }

    public SimulatedWorkload this[string workload] => Array.Find(_workloads, candidate => candidate.Name == workload)
        ?? throw new ArgumentException($"no simulated workload is named '{workload}'; there are: {string.Join(", ", _workloads.Select(w => w.Name))}", nameof(workload));

    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        var end = Elapsed + by;
        while (true)
        {
            var next = TimeSpan.MaxValue;
            SimulatedWorkload? workload = null;
            SimulatedGpu? gpu = null;
            foreach (var candidate in _workloads)
                if (candidate.NextAt < next)
                    (next, workload) = (candidate.NextAt, candidate);
            foreach (var candidate in _gpus)
                if (candidate.NextAt < next)
                    (next, gpu, workload) = (candidate.NextAt, candidate, null);
            if (next > end)
                break;
            Elapsed = next;
            if (workload is not null)
                Step(workload);
            else
                gpu!.Step(next);
        }
        Elapsed = end;
    }

    /// <summary>Freezes a workload for a part of the time: 1 runs free, 0 stands still (and answers nothing).</summary>
    public void SetRunFraction(string workload, double fraction) =>
        Change(this[workload], w => w.SetRunFraction(Elapsed, fraction));

    /// <summary>Memory that it may hold at most; null: no cap. A cap below what it holds frees nothing, it only stops growth.</summary>
    public void SetVramCap(string workload, long? bytes) => this[workload].VramCapBytes = bytes;

    /// <summary>Lets it run only while none of the protected has a request in flight; null: no gate. With a run fraction both must allow.</summary>
    public void SetGate(string workload, GateSpec? gate)
    {
        var busy = gate?.Protected.Any(name => this[name].Server?.InFlight > 0) ?? false;
        Change(this[workload], w => w.SetGate(Elapsed, gate, busy));
    }

    /// <summary>Its server gives its weights back and stays up; requests wait. Nothing while it is not ready.</summary>
    public void Sleep(string workload) => Change(this[workload], w => w.Sleep());

    /// <summary>Loads the weights again, which takes a while; out of memory ends the process.</summary>
    public void Wake(string workload) => Change(this[workload], w => w.Wake(Elapsed));

    public void Stop(string workload) => Change(this[workload], w => w.Stop(Elapsed));

    public void Start(string workload) => Change(this[workload], w => w.Start(Elapsed));

    private void Step(SimulatedWorkload workload) => Change(workload, _step);

    private void Change(SimulatedWorkload workload, Action<SimulatedWorkload> verb)
    {
        var active = workload.Active;
        var busy = workload.Server?.InFlight > 0;
        verb(workload);
        if (busy != workload.Server?.InFlight > 0)
            TellGates(workload);
        if (workload.Active != active)
            _gpus[workload.Spec.Gpu].Rebalance(Elapsed);
    }

    // A gate acts a moment later, as an event of its own: nobody's activity changes here.
    private void TellGates(SimulatedWorkload changed)
    {
        foreach (var workload in _workloads)
            if (workload.Gate is { } gate && gate.Protected.Contains(changed.Name))
                workload.TellBusy(Elapsed, gate.Protected.Any(name => this[name].Server?.InFlight > 0));
    }

    private int NextPid() => _pid += 137;
}
