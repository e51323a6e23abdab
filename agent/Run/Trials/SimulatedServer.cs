using Headroom.Model;
using Headroom.Simulate;

namespace Headroom.Run.Trials;

/// <summary>A simulated server and its closed loop, moved on by hand: look, decide, act, once a simulated second.</summary>
internal sealed class SimulatedServer
{
    // As the latency source does: protected servers each second, the others each ten.
    private const int OthersEvery = 10;

    private readonly TrialSetup _setup;
    private readonly Decider _decide;
    private readonly ManualTime _time;
    private readonly SnapshotAssembly _assembly = new("simulated");
    private readonly RulePace _pace = new();
    private TimeSpan _at;
    private long _seq;

    public SimulatedServer(TrialSetup setup, Decider decide)
    {
        _setup = setup;
        _decide = decide;
        _time = new ManualTime(setup.StartsAt);
        Node = new SimulatedNode(setup.Scenario, new SimulationOptions { Seed = setup.Seed, StartsAt = setup.StartsAt }, _time);
    }

    public SimulatedNode Node { get; }

    /// <returns>What was seen, and the plan made of it; the plan is carried out after that.</returns>
    public (NodeSnapshot Snapshot, Plan Plan) Step()
    {
        if (_setup.Meanwhile is { } meanwhile)
            Node.Look((world, _) =>
            {
                meanwhile(world, _at);
                return true;
            });
        _time.Advance(TrialSetup.Tick);
        _at += TrialSetup.Tick;
        var policy = _setup.Policy;
        var now = _time.Mono();
        Node.Gpus.Sweep();
        Node.Workloads.Sweep();
        Node.Latency.Sweep(all: _seq % OthersEvery == 0);
        Node.Activity.Sweep();
        var snapshot = _assembly.Assemble(
            ++_seq, _time.GetUtcNow(), now, Node.Gpus.Latest, Node.Workloads.Latest, Node.Latency.Latest, policy,
            Mode.Enforce, Node.Activity.Latest, Node.Reconciler.State);
        Node.Latency.Watch(SnapshotAssembly.WatchList(snapshot, policy));
        var plan = _decide(snapshot, policy, _pace.Due(policy.Rules, now));
        Node.Reconciler.Apply(plan);
        return (snapshot, plan);
    }
}
