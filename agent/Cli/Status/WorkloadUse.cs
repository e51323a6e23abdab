using Headroom.Model;

namespace Headroom.Cli.Status;

/// <summary>What one workload uses over all GPUs.</summary>
/// <param name="Bytes">Null when no GPU tells of it.</param>
/// <param name="Hidden">Processes whose memory the driver hides: <see cref="Bytes"/> is then the least.</param>
/// <param name="Sm">Sum of what is known; null when nothing is.</param>
internal sealed record WorkloadUse(long? Bytes, int Hidden, double? Sm)
{
    public static WorkloadUse Of(WorkloadSnapshot workload, NodeSnapshot snapshot)
    {
        var shares = snapshot.Attribution.SelectMany(a => a.Shares).Where(s => s.InstanceId == workload.Container.Id.InstanceId).ToList();
        var sm = shares.Select(s => s.SmUse.Known()).OfType<double>().ToList();
        return shares.Count == 0
            ? new WorkloadUse(null, 0, null)
            : new WorkloadUse(shares.Sum(s => s.UsedBytes), shares.Sum(s => s.HiddenProcesses), sm.Count > 0 ? sm.Sum() : null);
    }

    public string BytesWords() => this switch
    {
        { Bytes: null } or { Bytes: 0, Hidden: > 0 } => Cells.Unknown,
        { Hidden: > 0 } => $">= {Figures.Bytes(Bytes.Value)}",
        _ => Figures.Bytes(Bytes.Value),
    };
}
