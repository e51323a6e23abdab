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
                Look();
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException)
        {
            // asked to stop
        }
    }

    private void Look()
    {
        var started = time.Mono();
        try
        {
            var sweep = Sweep(containers());
            _latest.Value = _latest.Value.Success(sweep, started, time.Mono());
            Tell(sweep);
        }
        catch (Exception e)
        {
            // A bug, or a file system that does what none should: the books grow old, and all else goes on.
            _latest.Value = _latest.Value.Failure(e.Message, started, time.Mono());
            LogFailed(log, e);
        }
    }

    /// <summary>One look. A page that can't be read is told of in its containers' entries.</summary>
    public LedgerSweep Sweep(IReadOnlyList<ContainerSample> all)
    {
        var pages = all.Where(c => c is { Runs: true, Pid: > 0 } && c.Binds.ContainsKey(PagePlaces.PageInContainer)).GroupBy(c => c.Binds[PagePlaces.PageInContainer])
            .Select(group => Read(group.Key, [.. group])).ToList();
        // Who sees a container's first process sees all of them; in another pid namespace than Docker's nobody must be taken for dead.
        var seen = pages.Where(p => p.Page is not null && p.Sharers.Any(IsSeen)).ToList();
        var live = seen.Count > 0 ? _processes.Of([.. seen.SelectMany(p => p.Replicas)]) : default;
        foreach (var read in seen)
            Tend(read, live.Owners, live.Lives);
        foreach (var read in pages)
            read.Page?.Dispose();
        return new LedgerSweep([.. pages.SelectMany(read => read.Sharers.Select(c => Of(c, read, seen.Contains(read) ? live.Owners : null)))]);
    }

    /// <summary>One page, open, with what stands in it; or why not.</summary>
    private sealed record ReadPage(string Path, IReadOnlyList<ContainerSample> Sharers, PageFile? Page, IReadOnlyList<PageReplica> Replicas, string? Problem);

    private static ReadPage Read(string path, IReadOnlyList<ContainerSample> sharers)
    {
        var page = PageFile.TryOpen(path, out var problem);
        try
        {
            return new ReadPage(path, sharers, page, page?.Read() ?? [], problem);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            page?.Dispose();
            return new ReadPage(path, sharers, null, [], e.Message);
        }
    }

    private ContainerLedger Of(ContainerSample container, ReadPage read, HashSet<(ulong, ulong)>? live)
    {
        var id = container.Id.InstanceId;
        if (read.Problem is { } problem)
            return new ContainerLedger(id, null, $"its page {read.Path}: {problem}");
        if (!IsSeen(container) || ContainerLife.Of(container.Pid, procPath) is not { } life)
            return new ContainerLedger(id, null, "its processes can't be seen: give the agent pid: host");
        // A container in another's pid namespace has no entry of its own: nothing is known of it.
        var replica = read.Replicas.FirstOrDefault(r => r.Life == life);
        if (replica is not null && live is not null)
            replica = replica with { Slots = [.. replica.Slots.Where(s => live.Contains((life, s.Owner)))] };
        return new ContainerLedger(id, replica, null, replica is null ? null : MemoryBooks.FrameworkOf(replica, (ulong)BootClock.Instance.Nanoseconds()));
    }

    private bool IsSeen(ContainerSample container) =>
        ProcessFacts.TextOf(container.Pid, "cgroup", procPath) is { } cgroup && ContainerIdParser.Parse(cgroup) == container.Id.InstanceId;

    /// <summary>Frees what the dead have left.</summary>
    private static void Tend(ReadPage read, HashSet<(ulong, ulong)> owners, HashSet<ulong> lives)
    {
        try
        {
            foreach (var replica in read.Replicas)
                if (!lives.Contains(replica.Life))
                    read.Page!.ClearReplica(replica);
                else
                    foreach (var slot in replica.Slots)
                        if (!owners.Contains((replica.Life, slot.Owner)))
                            read.Page!.ClearOwner(replica, slot);
            read.Page!.Beat((ulong)BootClock.Instance.Nanoseconds());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What can't be written now is tried again at the next look; the dead count for nothing all the same.
        }
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

    [LoggerMessage(1402, LogLevel.Error, "The pages of the preload library could not be read")]
    private static partial void LogFailed(ILogger log, Exception error);

    [LoggerMessage(1401, LogLevel.Warning, "Container {Container} carries the preload library, and nothing is known of its memory by it: {Problem}")]
    private static partial void LogProblem(ILogger log, string container, string problem);
}
