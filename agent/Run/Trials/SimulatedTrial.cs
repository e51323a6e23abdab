using Headroom.Simulate;

namespace Headroom.Run.Trials;

/// <summary>The closed loop on a simulated server, without real time. The same setup and decisions give the same result.</summary>
internal sealed class SimulatedTrial
{
    private readonly TrialSetup _setup;
    private readonly SimulatedServer _server;
    private readonly TrialLog _log;

    public SimulatedTrial(TrialSetup setup, Decider decide)
    {
        _setup = setup;
        _server = new SimulatedServer(setup, decide);
        _log = new TrialLog(_server.Node);
    }

    public static TrialResult Run(TrialSetup setup, Decider decide, CancellationToken stop = default) => new SimulatedTrial(setup, decide).Run(stop);

    private TrialResult Run(CancellationToken stop)
    {
        for (var at = TimeSpan.Zero; at < _setup.Length; at += TrialSetup.Tick)
        {
            stop.ThrowIfCancellationRequested();
            var (snapshot, _) = _server.Step();
            _log.Add(snapshot, _server.Node.Reconciler.State);
        }
        return _log.Result(_setup.Length);
    }
}
