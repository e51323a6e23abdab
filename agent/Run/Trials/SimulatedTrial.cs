using Headroom.Model;
using Headroom.Simulate;

namespace Headroom.Run.Trials;

/// <summary>The closed loop on a simulated server, without real time: look, decide, act, once a simulated second. The same setup and decisions give the same result.</summary>
internal sealed class SimulatedTrial
{
    // As the latency source does: protected servers each second, the others each ten.
    private const int OthersEvery = 10;

    private readonly TrialSetup _setup;
    private readonly Decider _decide;
    private readonly ManualTime _time;
    private readonly SimulatedNode _node;
    private readonly SnapshotAssembly _assembly = new("simulated");
    private readonly RulePace _pace = new();
    private readonly TrialLog _log;
    private long _seq;

    public SimulatedTrial(TrialSetup setup, Decider decide)
    {
        _setup = setup;
        _decide = decide;
        _time = new ManualTime(setup.StartsAt);
        _node = new SimulatedNode(setup.Scenario, new SimulationOptions { Seed = setup.Seed, StartsAt = setup.StartsAt }, _time);
        _log = new TrialLog(_node);
    }

    public static TrialResult Run(TrialSetup setup, Decider decide, CancellationToken stop = default) => new SimulatedTrial(setup, decide).Run(stop);

    private TrialResult Run(CancellationToken stop)
    {
        for (var at = TimeSpan.Zero; at < _setup.Length; at += TrialSetup.Tick)
        {
            stop.ThrowIfCancellationRequested();
            if (_setup.Meanwhile is { } meanwhile)
                _node.Look((world, _) =>
                {
                    meanwhile(world, at);
                    return true;
                });
            _time.Advance(TrialSetup.Tick);
            Tick();
        }
        return _log.Result(_setup.Length);
    }

    private void Tick()
    {
        var policy = _setup.Policy;
        var now = _time.Mono();
        _node.Gpus.Sweep();
        _node.Workloads.Sweep();
        _node.Latency.Sweep(all: _seq % OthersEvery == 0);
        _node.Activity.Sweep();
        var snapshot = _assembly.Assemble(
            ++_seq, _time.GetUtcNow(), now, _node.Gpus.Latest, _node.Workloads.Latest, _node.Latency.Latest, policy,
            Mode.Enforce, _node.Activity.Latest, _node.Reconciler.State);
        _node.Latency.Watch(SnapshotAssembly.WatchList(snapshot, policy));
        _node.Reconciler.Apply(_decide(snapshot, policy, _pace.Due(policy.Rules, now)));
        _log.Add(snapshot, _node.Reconciler.State);
    }
}
