using Headroom.Model;
using Headroom.Pages;

namespace Headroom.Act.Caps;

/// <summary>What else a page needs from the agent: the bytes that only the driver sees, and the cap of a container that starts before the next tick.</summary>
internal sealed class PageTender
{
    /// <summary>Books and driver are read a moment apart: what the driver says is held against books that have not changed for so long before it.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    private readonly Dictionary<(string Id, int Gpu), (long Calls, MonoTime Since)> _books = [];

    /// <param name="leftToPeople">Workloads that get no cap now, though the policy names one.</param>
    public void Tend(PlanWish wish, IReadOnlyList<Hold> holds, IReadOnlyCollection<string> leftToPeople)
    {
        if (wish.OnlyKeep)
            return;
        var held = holds.Select(h => (h.Workload.InstanceId, h.Gpu!.Value)).ToHashSet();
        // Also of those that are not managed any more: what was written for them before goes.
        foreach (var group in wish.Snapshot.Workloads.Where(w => w.Container is { Runs: true } c && c.Binds.ContainsKey(PagePlaces.PageInContainer)).GroupBy(w => w.Container.Binds[PagePlaces.PageInContainer]))
            Tend(group.Key, [.. group], InitialOf(group.Where(w => !leftToPeople.Contains(w.Name)), wish), wish, held);
        foreach (var gone in _books.Keys.Where(key => !wish.Snapshot.Books.Any(b => (b.InstanceId, b.Gpu) == key)).ToList())
            _books.Remove(gone);
    }

    private void Tend(string path, IReadOnlyList<WorkloadSnapshot> sharers, long? initial, PlanWish wish, HashSet<(string, int)> held)
    {
        using var page = PageFile.TryOpen(path, out _);
        if (page is null)
            return;
        try
        {
            foreach (var gpu in wish.Snapshot.Gpus)
                if (PageLayout.GpuKey(gpu.Identity.Uuid) is { } key)
                    page.SetInitial(key, initial is { } cap ? (ulong)cap : PageLayout.CapUnset);
            if (!sharers.Any(w => held.Any(h => h.Item1 == w.Container.Id.InstanceId)))
                return;
            var replicas = page.Read();
            foreach (var workload in sharers)
                foreach (var book in wish.Snapshot.Books)
                    if (book.InstanceId == workload.Container.Id.InstanceId && held.Contains((book.InstanceId, book.Gpu)) && OverheadOf(book, wish.Snapshot) is { } overhead)
                        Write(page, replicas, workload, book, overhead, wish);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The ledger tells of a page that can't be used; at the next tick again.
        }
    }

    /// <summary>The cap as it is written: what follows use says nothing of a container that has yet to load.</summary>
    private static long? InitialOf(IEnumerable<WorkloadSnapshot> sharers, PlanWish wish) => !wish.Policy.Rules.VramCaps.Enabled ? null : sharers
        .Where(s => s.Policy is { Managed: true, Mode: Mode.Enforce, CapBytes: not null })
        .Select(s => (long?)Math.Max(s.Policy.CapBytes!.Value, s.Policy.GuaranteeBytes ?? 0)).Min();

    /// <summary>What the driver counts beyond the books; null while that is not known anew.</summary>
    private long? OverheadOf(MemoryBook book, NodeSnapshot snapshot)
    {
        var key = (book.InstanceId, book.Gpu);
        if (!_books.TryGetValue(key, out var last) || last.Calls != book.Calls)
            _books[key] = last = (book.Calls, snapshot.Mono);
        var gpu = snapshot.Gpus.First(g => g.Index == book.Gpu);
        if (gpu.Health != GpuHealth.Ok || gpu.At - last.Since < Quiet)
            return null;
        foreach (var (index, share) in snapshot.SharesOf(book.InstanceId))
            if (index == book.Gpu && share.HiddenProcesses == 0)
                return Math.Max(0, share.UsedBytes - book.UsedBytes);
        return null;
    }

    private static void Write(PageFile page, IReadOnlyList<PageReplica> replicas, WorkloadSnapshot workload, MemoryBook book, long overhead, PlanWish wish)
    {
        var uuid = wish.Snapshot.Gpus.First(g => g.Index == book.Gpu).Identity.Uuid;
        if (ContainerLife.Of(workload.Container.Pid) is { } life
            && replicas.FirstOrDefault(r => r.Life == life) is { } replica && replica.Gpus.FirstOrDefault(g => g.Key == PageLayout.GpuKey(uuid)) is { } gpu && gpu.Overhead != (ulong)overhead)
            page.SetOverhead(replica, gpu, (ulong)overhead);
    }
}
