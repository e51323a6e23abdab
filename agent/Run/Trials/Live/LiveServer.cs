using Headroom.Model;
using Headroom.Run.Trials.Replay;
using Headroom.Simulate;

namespace Headroom.Run.Trials.Live;

/// <summary>The default simulated server under a policy: it reacts to what is done.</summary>
internal sealed class LiveServer(Policy policy, long seed) : ILiveTrial
{
    private readonly SimulatedServer _server = new(
        new TrialSetup(DefaultScenario.Create(), policy, TimeSpan.MaxValue) { Seed = seed, StartsAt = SimulatedDay.StartsAt }, PlannerDecider.New());

    public Policy Policy => policy;

    public LiveTick Step()
    {
        var (snapshot, plan) = _server.Step();
        return new LiveTick(snapshot, plan, _server.Node.Reconciler.TakeOutcomes(), null, null);
    }
}
