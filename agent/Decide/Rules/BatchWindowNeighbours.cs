using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>The protected workloads of higher priority on a workload's GPUs.</summary>
internal sealed class BatchWindowNeighbours
{
    private readonly List<WorkloadSnapshot> _protected = [];

    public BatchWindowNeighbours(RuleInput input, WorkloadSnapshot workload)
    {
        foreach (var gpu in GpusOf(input, workload))
            foreach (var other in input.Near.On(gpu))
                if (other.Policy.Protected && other.Policy.Priority > workload.Policy.Priority && !_protected.Contains(other))
                    _protected.Add(other);
    }

    /// <summary>Whose known pressure is the highest; null when none is known. A server known to be idle has none to speak of.</summary>
    public (string Name, double Pressure)? Worst
    {
        get
        {
            (string, double Pressure)? worst = null;
            foreach (var other in _protected)
                if (other.Pressure.Known() is { } pressure && pressure > (worst?.Pressure ?? double.NegativeInfinity))
                    worst = (other.Name, pressure);
            return worst;
        }
    }

    /// <returns>One of them that may have requests; null when each is known to have none.</returns>
    public WorkloadSnapshot? NotKnownIdle()
    {
        foreach (var other in _protected)
            if (!IsKnownIdle(other))
                return other;
        return null;
    }

    // What is in flight, where it is seen, says more than what completed lately.
    private static bool IsKnownIdle(WorkloadSnapshot other) => other switch
    {
        { Container.State: ContainerState.Created or ContainerState.Exited or ContainerState.Dead or ContainerState.Removing } => true,
        { Activity: { Confidence: ActivityConfidence.High, InFlight: { } requests } } => requests == 0,
        _ => other.Pressure.State == ReadingState.Idle,
    };

    // One that was never seen on a GPU goes to those that it asks Docker for.
    private static IEnumerable<int> GpusOf(RuleInput input, WorkloadSnapshot workload)
    {
        var seen = input.Near.GpusOf(workload.Name);
        if (seen.Count > 0 || workload.Container.Gpus is not { } asked)
            return seen;
        return from gpu in input.Snapshot.Gpus
               where asked.All || asked.Devices.Any(d => d == gpu.Identity.Uuid || d == $"{gpu.Identity.Index}")
               select gpu.Identity.Index;
    }
}
