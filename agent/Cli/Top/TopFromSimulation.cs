using Headroom.Model;
using Headroom.Run;
using Headroom.Run.Trials;
using Headroom.Run.Trials.Live;

namespace Headroom.Cli.Top;

/// <summary>A simulated server, moved on as time passes; its plans are carried out as far as the policy's mode goes.</summary>
/// <param name="speed">Simulated seconds a second.</param>
/// <param name="before">Simulated before the first frame.</param>
internal sealed class TopFromSimulation(ILiveTrial trial, double speed, TimeSpan before) : ITopSource
{
    private const int KeptOutcomes = 50;

    private readonly TopHistory _history = new();
    private readonly List<Outcome> _outcomes = [];
    private TimeSpan _due = before + TrialSetup.Tick;
    private DateTimeOffset? _startedAt;
    private TopFrame _last = TopFrame.Nothing;

    public bool StandsWithThePage => true;

    public Task<TopFrame> ReadAsync(TimeSpan passed, CancellationToken stop) => Task.Run(() => Read(passed, stop), stop);

    private TopFrame Read(TimeSpan passed, CancellationToken stop)
    {
        _due += passed * speed;
        LiveTick? tick = null;
        for (; _due >= TrialSetup.Tick; _due -= TrialSetup.Tick)
        {
            stop.ThrowIfCancellationRequested();
            tick = trial.Step();
            _history.Add(tick.Snapshot, tick.Plan);
            _outcomes.AddRange(tick.Outcomes);
            if (_outcomes.Count > KeptOutcomes)
                _outcomes.RemoveRange(0, _outcomes.Count - KeptOutcomes);
        }
        return tick is null ? _last : _last = Frame(tick);
    }

    private TopFrame Frame(LiveTick tick)
    {
        var (policy, snapshot) = (trial.Policy, tick.Snapshot);
        _startedAt ??= snapshot.WallAt;
        var view = new NodeView(
            snapshot, new PolicyStatus(policy.Hash, policy.Files, policy.Mode, _startedAt.Value) { Vram = policy.Vram },
            new SelfStatus(AgentVersion.Version, AgentVersion.Commit, _startedAt.Value, snapshot.Mode, Simulated: true))
        {
            Plan = tick.Plan,
            RecentOutcomes = [.. _outcomes],
        };
        return TopFrame.Of(view, _history.Newest) with { Speed = speed, Remark = tick.Trouble, Note = tick.Note };
    }
}
