using Headroom.Model;
using Headroom.Pages;

namespace Headroom.Observe.Ledger;

/// <summary>One look at the pages of all containers that have one.</summary>
internal sealed record LedgerSweep(IReadOnlyList<ContainerLedger> Containers);

/// <param name="Replica">Its entry, live processes only; null: none of its processes has come to the page, or see the problem.</param>
/// <param name="Problem">Why its page can't be used; null: it can.</param>
/// <param name="Framework">What its framework tells; null when it does not, or long ago.</param>
internal sealed record ContainerLedger(string InstanceId, PageReplica? Replica, string? Problem, FrameworkMemory? Framework = null);
