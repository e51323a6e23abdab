using Headroom.Decide.Rules;
using Headroom.Model;

namespace Headroom.Run;

/// <summary>Whose requests are to be watched: those for whom somebody on their GPU would stand aside. Nobody else's: where there is no gate, no socket is open.</summary>
internal static class ActivityTargets
{
    public static ActivityWatchList Of(NodeSnapshot snapshot, Policy policy)
    {
        if (!policy.Rules.Gate.Enabled)
            return ActivityWatchList.Empty;
        var byId = snapshot.Workloads.ToDictionary(w => w.Container.Id.InstanceId);
        var watched = new Dictionary<string, ActivityTarget>();
        foreach (var gpu in snapshot.Attribution)
        {
            List<WorkloadSnapshot> there = [.. gpu.Shares.Select(s => byId.GetValueOrDefault(s.InstanceId)).OfType<WorkloadSnapshot>()];
            foreach (var batch in there.Where(w => w.Policy is { Yields: Yields.Gate, Managed: true, Exempt: false } && w.Container.Runs))
                foreach (var one in there.Where(one => Ranks.Protects(one, batch)))
                    watched[one.Container.Id.InstanceId] = new ActivityTarget(
                        one.Container, one.Policy.Ports, one.Policy.Metrics?.Preset ?? one.LatencySource, one.Policy.Metrics?.Path);
        }
        return watched.Count == 0 ? ActivityWatchList.Empty : new ActivityWatchList([.. watched.Values.OrderBy(t => t.Container.Name, StringComparer.Ordinal)], policy.Presets);
    }
}
