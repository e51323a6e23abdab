namespace Headroom.Model;

/// <summary>Which workload, and which life of it. Memory is keyed by <see cref="Name"/> (it outlives a restart),
/// holds by <see cref="InstanceId"/> and <see cref="StartedAt"/> (they must never hit a successor).</summary>
/// <param name="Name">The label <c>workload</c> on every metric: see <c>WorkloadNames</c>.</param>
/// <param name="InstanceId">Full container id (64 hex digits).</param>
/// <param name="StartedAt">When this life of the container began, by the Docker daemon's clock.</param>
internal sealed record WorkloadId(string Name, string InstanceId, DateTimeOffset StartedAt)
{
    /// <summary>The id as people know it: the first 12 digits.</summary>
    public static string Short(string instanceId) => instanceId.Length > 12 ? instanceId[..12] : instanceId;

    /// <summary>The same container since the same start, whatever it is called now.</summary>
    public bool IsSameLife(WorkloadId other) => InstanceId == other.InstanceId && StartedAt == other.StartedAt;

    public override string ToString() => $"{Name} ({Short(InstanceId)})";
}
