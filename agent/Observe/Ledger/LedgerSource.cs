using Headroom.Interop.Linux;
using Headroom.Model;
using Headroom.Observe.Workloads;
using Headroom.Pages;
using Microsoft.Extensions.Logging;

namespace Headroom.Observe.Ledger;

/// <summary>Reads the pages of the containers that carry the preload library, in a loop of its own, and frees the entries of the dead in them.</summary>
/// <param name="containers">The latest list.</param>
internal sealed partial class LedgerSource(Func<IReadOnlyList<ContainerSample>> containers, TimeProvider time, ILogger<LedgerSource> log, string procPath = "/proc")
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly LatestCell<LedgerSweep> _latest = new();
    private readonly LiveProcesses _processes = new(procPath);
    private readonly Dictionary<string, string> _told = [];

    public Latest<LedgerSweep> Latest => _latest.Value;

    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                var started = time.Mono();
                var sweep = Sweep(containers());
                _latest.Value = _latest.Value.Success(sweep, started, time.Mono());
                Tell(sweep);
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException)
        {
            // asked to stop
        }
    }

    /// <summary>One look. A page that can't be read is told of in its containers' entries.</summary>
    public LedgerSweep Sweep(IReadOnlyList<ContainerSample> all)
    {
        var ledgers = new List<ContainerLedger>();
        foreach (var group in all.Where(c => c is { Runs: true, Pid: > 0 } && c.Binds.ContainsKey(PagePlaces.PageInContainer)).GroupBy(c => c.Binds[PagePlaces.PageInContainer]))
            ledgers.AddRange(SweepPage(group.Key, [.. group]));
        return new LedgerSweep(ledgers);
    }

    private IEnumerable<ContainerLedger> SweepPage(string path, IReadOnlyList<ContainerSample> sharers)
    {
        using var page = PageFile.TryOpen(path, out var problem);
        if (page is null)
            return All($"its page {path}: {problem}");
        try
        {
            var replicas = page.Read();
            // Who sees a container's first process sees all of them; in another pid namespace than Docker's nobody must be taken for dead.
            var live = sharers.Any(IsSeen) ? _processes.Of([.. replicas.SelectMany(r => r.Slots.Select(s => (r.PidNamespace, s.Owner)))]) : null;
            if (live is not null)
                foreach (var replica in replicas)
                    FreeTheDead(page, replica, live);
            page.Beat((ulong)BootClock.Instance.Nanoseconds());
            return [.. sharers.Select(c => Of(c, sharers, replicas, live))];
        }
        catch (IOException e)
        {
            return All($"its page {path}: {e.Message}");
        }

        IEnumerable<ContainerLedger> All(string why) => sharers.Select(c => new ContainerLedger(c.Id.InstanceId, null, why));
    }

    private ContainerLedger Of(ContainerSample container, IReadOnlyList<ContainerSample> sharers, IReadOnlyList<PageReplica> replicas, HashSet<(ulong, ulong)>? live)
    {
        var id = container.Id.InstanceId;
        if (!IsSeen(container) || ProcessFacts.PidNamespaceOf(container.Pid, procPath) is not { } space)
            return new ContainerLedger(id, null, "its processes can't be seen: give the agent pid: host");
        if (sharers.Any(other => other.Id.InstanceId != id && ProcessFacts.PidNamespaceOf(other.Pid, procPath) == space))
            return new ContainerLedger(id, null, "it shares its pid namespace with another container of its service, so their books can't be told apart");
        var replica = replicas.FirstOrDefault(r => r.PidNamespace == space);
        if (replica is not null && live is not null)
            replica = replica with { Slots = [.. replica.Slots.Where(s => live.Contains((space, s.Owner)))] };
        return new ContainerLedger(id, replica, null, replica is null ? null : MemoryBooks.FrameworkOf(replica, (ulong)BootClock.Instance.Nanoseconds()));
    }

    private bool IsSeen(ContainerSample container) =>
        ProcessFacts.TextOf(container.Pid, "cgroup", procPath) is { } cgroup && ContainerIdParser.Parse(cgroup) == container.Id.InstanceId;

    private void FreeTheDead(PageFile page, PageReplica replica, HashSet<(ulong, ulong)> live)
    {
        foreach (var slot in replica.Slots)
            if (!live.Contains((replica.PidNamespace, slot.Owner)))
                page.ClearOwner(replica, slot);
        if (!_processes.Has(replica.PidNamespace))
            page.ClearReplica(replica);
    }

    private void Tell(LedgerSweep sweep)
    {
        foreach (var ledger in sweep.Containers)
            if (ledger.Problem is not { } problem)
                _told.Remove(ledger.InstanceId);
            else if (_told.GetValueOrDefault(ledger.InstanceId) != problem)
            {
                _told[ledger.InstanceId] = problem;
                LogProblem(log, WorkloadId.Short(ledger.InstanceId), problem);
            }
        if (_told.Count > 4 * sweep.Containers.Count + 16)
            _told.Clear();
    }

    [LoggerMessage(1401, LogLevel.Warning, "Container {Container} carries the preload library, and nothing is known of its memory by it: {Problem}")]
    private static partial void LogProblem(ILogger log, string container, string problem);
}
