using Headroom.Model;

namespace Headroom.Export.Metrics;

/// <summary>Keeps the label <c>workload</c> bounded: the first names keep theirs, the rest share <c>_other</c>.</summary>
internal sealed class WorkloadLabel
{
    public const int Most = 256;
    public const string Other = "_other";

    private readonly HashSet<string> _known = [];

    private WorkloadLabel()
    {
    }

    /// <summary>Managed ones first: a host full of strangers must not hide what the user cares for.</summary>
    public static WorkloadLabel For(NodeSnapshot snapshot, int most = Most)
    {
        var label = new WorkloadLabel();
        var named = snapshot.Workloads.OrderByDescending(w => w.Policy.Managed || w.Policy.Entry is not null)
            .ThenBy(w => w.Name, StringComparer.Ordinal).Select(w => w.Name)
            .Concat(snapshot.Attribution.SelectMany(a => a.Shares).Select(s => s.Workload));
        foreach (var name in named)
            if (label._known.Count < most)
                label._known.Add(name);
        return label;
    }

    public string Of(string workload) => _known.Contains(workload) ? workload : Other;

    public bool Has(string workload) => _known.Contains(workload);
}
