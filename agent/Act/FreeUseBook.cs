using Headroom.Model;

namespace Headroom.Act;

/// <summary>How much SM use each workload shows while nothing is held of it: what a share is measured against.</summary>
internal sealed class FreeUseBook
{
    private const double Weight = 0.2;

    private readonly Dictionary<string, double> _use = [];

    public double? this[string instanceId] => _use.TryGetValue(instanceId, out var use) ? use : null;

    /// <summary>One tick.</summary>
    /// <param name="isHeld">Says nothing of its free run then.</param>
    public void See(NodeSnapshot snapshot, Func<string, bool> isHeld)
    {
        foreach (var workload in snapshot.Workloads)
        {
            var id = workload.Container.Id.InstanceId;
            if (!workload.Policy.Managed || NowOf(snapshot, id) is not { } now)
                continue;
            if (isHeld(id))
            {
                // Who is held can use no more than when free: what was seen before (start-up, loading) was not its free use.
                if (_use.TryGetValue(id, out var known) && now > known)
                    _use[id] = now;
                continue;
            }
            _use[id] = _use.TryGetValue(id, out var before) ? before + Weight * (now - before) : now;
        }
        if (_use.Count > snapshot.Workloads.Count * 2 + 16)
            foreach (var gone in _use.Keys.Except(snapshot.Workloads.Select(w => w.Container.Id.InstanceId)).ToList())
                _use.Remove(gone);
    }

    /// <summary>SM use of all its processes on the GPU that it uses most, 0..1; null when not known.</summary>
    public static double? NowOf(NodeSnapshot snapshot, string instanceId)
    {
        double? use = null;
        foreach (var (_, share) in snapshot.SharesOf(instanceId))
            if (share.SmUse.Known() is { } known)
                use = Math.Max(use ?? 0, known);
        return use;
    }
}
