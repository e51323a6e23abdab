namespace Headroom.Model;

/// <summary>What an incoming alert may start. It is named here; nothing of the alert's labels is ever used.</summary>
/// <param name="Name">The alert's <c>alertname</c>.</param>
/// <param name="Group">All members of this group are held; or</param>
/// <param name="Workload">the containers of this entry of <c>workloads:</c>.</param>
/// <param name="Share">Share of time that they keep, 0..1; 0 pauses.</param>
/// <param name="Lease">A hold ends this long after the last firing notification.</param>
internal sealed record AlertPolicy(string Name, string? Group, string? Workload, double Share, TimeSpan Lease)
{
    public static readonly TimeSpan DefaultLease = TimeSpan.FromMinutes(10);
}

/// <summary>One alert that was received and names one of <see cref="Policy.Alerts"/>.</summary>
/// <param name="FiringUntil">The end of its lease; a resolved alert ends at once.</param>
internal sealed record AlertSignal(string Name, MonoTime FiringUntil);
