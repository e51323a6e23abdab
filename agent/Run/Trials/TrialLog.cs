using Headroom.Model;
using Headroom.Simulate;

namespace Headroom.Run.Trials;

/// <summary>Writes down a trial as it goes.</summary>
internal sealed class TrialLog
{
    private readonly SimulatedNode _node;
    private readonly TimeSpan _from;
    private readonly Dictionary<string, List<CompletedRequest>> _requests = [];
    private readonly Dictionary<string, (double Work, long Lost)> _before = [];
    private readonly Dictionary<string, IReadOnlyList<Slo>> _slos = [];
    private readonly double[] _busyBefore;
    private readonly List<TrialTick> _ticks = [];
    private ActState _state = ActState.Nothing;
    private int _moves;

    public TrialLog(SimulatedNode node)
    {
        _node = node;
        (_from, _busyBefore) = node.Look((world, now) =>
        {
            foreach (var workload in world.Workloads)
            {
                _requests[workload.Name] = [];
                _before[workload.Name] = (workload.WorkSeconds(now.Elapsed), workload.Server?.Lost ?? 0);
            }
            world.Completed = request => _requests[request.Workload].Add(request);
            return (now.Elapsed, world.Gpus.Select(gpu => gpu.BusySeconds(now.Elapsed)).ToArray());
        });
    }

    public void Add(NodeSnapshot snapshot, ActState state)
    {
        var pressures = snapshot.Workloads.ToDictionary(workload => workload.Name, workload => workload.Pressure.Known());
        foreach (var workload in snapshot.Workloads)
            _slos[workload.Name] = workload.Policy.Slos;
        _moves += state.Holds.Count(hold => IsMove(hold, _state.Holds)) + Math.Max(0, state.Impulses.Count - _state.Impulses.Count);
        _state = state;
        _ticks.Add(_node.Look((world, now) => new TrialTick(
            now.Elapsed - _from, world.Workloads.ToDictionary(w => w.Name, w => Point(w, pressures.GetValueOrDefault(w.Name), now.Elapsed)), state.Holds)));
    }

    public TrialResult Result(TimeSpan length) => _node.Look((world, now) =>
    {
        world.Completed = null;
        return new TrialResult
        {
            Length = length,
            Serving =
            [
                .. world.Workloads.Where(w => w.Server is not null).Select(w => new ServingOutcome(
                    w.Name, _slos.GetValueOrDefault(w.Name, []), _from, _requests[w.Name], w.Server!.Lost - _before[w.Name].Lost, w.Server.InFlight)),
            ],
            Batch =
            [
                .. world.Workloads.Where(w => w.Server is null).Select(w => new BatchOutcome(
                    w.Name, w.WorkSeconds(now.Elapsed) - _before[w.Name].Work, _ticks.Min(tick => tick.Workloads[w.Name].RunFraction))),
            ],
            Ticks = _ticks,
            Moves = _moves,
            GpuBusySeconds = [.. world.Gpus.Select(gpu => gpu.BusySeconds(now.Elapsed) - _busyBefore[gpu.Index])],
        };
    });

    private TrialPoint Point(SimulatedWorkload workload, double? pressure, TimeSpan now) => new(
        pressure, workload.RunFraction, workload.Alive, _requests[workload.Name].Count,
        workload.WorkSeconds(now) - _before[workload.Name].Work, workload.HeldBytes, workload.VramCapBytes, workload.OutOfMemoryCount);

    private static bool IsMove(Hold hold, IReadOnlyList<Hold> before)
    {
        var same = before.FirstOrDefault(b => b.Workload == hold.Workload && b.Lever == hold.Lever && b.Gpu == hold.Gpu);
        return same is null || hold.Lever != Lever.Gate && hold.Share < same.Share || hold.CapBytes < same.CapBytes;
    }
}
