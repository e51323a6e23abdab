using Headroom.Decide;
using Headroom.Model;
using Headroom.Policies;

namespace Headroom.Run.Trials.Replay;

/// <summary>A snapshot as it would have been under another policy: workloads classified and judged anew, readings as they are.</summary>
/// <remarks>Containers that are not in the snapshot stay unknown: the policy that it was made under did not name them, and they held no GPU.
/// A workload that was read each ten seconds stays so, also where this policy would protect it.</remarks>
internal sealed class Reclassification(Policy policy)
{
    private Dictionary<string, Classified> _classified = [];

    private sealed record Classified(WorkloadId Id, string ContainerName, WorkloadPolicy Policy);

    /// <summary>The mode is the policy's: the flag that the agent ran with is not known.</summary>
    public NodeSnapshot Of(NodeSnapshot snapshot)
    {
        var classified = new Dictionary<string, Classified>(snapshot.Workloads.Count);
        var workloads = new List<WorkloadSnapshot>(snapshot.Workloads.Count);
        foreach (var workload in snapshot.Workloads)
        {
            var own = Classify(workload.Container);
            classified[workload.Container.Id.InstanceId] = own;
            var (slos, pressure) = SloEvaluator.Evaluate(workload.Latency, own.Policy.Slos, snapshot.Mono);
            workloads.Add(workload with { Policy = own.Policy, Slos = slos, Pressure = pressure });
        }
        _classified = classified;
        return snapshot with { Mode = SnapshotAssembly.ModeAt(policy, snapshot.WallAt), Workloads = workloads };
    }

    /// <summary>What the policy wants kept of a container.</summary>
    public IReadOnlyList<Slo> SlosOf(ContainerSample container)
    {
        var own = Classify(container);
        _classified[container.Id.InstanceId] = own;
        return own.Policy.Slos;
    }

    // Image and labels are fixed for the life of a container; it may be renamed.
    private Classified Classify(ContainerSample container) =>
        _classified.GetValueOrDefault(container.Id.InstanceId) is { } known && known.Id == container.Id && known.ContainerName == container.ContainerName
            ? known
            : new Classified(container.Id, container.ContainerName, Classifier.Classify(container, policy));
}
