using Headroom.Model;
using Headroom.Observe.Ledger;
using Headroom.Pages;
using Headroom.Tests.Pages;
using Headroom.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.Tests.Observe.Ledger;

public sealed class LedgerSourceTests : IDisposable
{
    private const string Uuid = "GPU-01020304-0506-0708-090a-0b0c0d0e0f10";
    private static readonly string A = new('a', 64);
    private static readonly string B = new('b', 64);

    private readonly FakeProc _proc = new();
    private readonly PageImage _page = new();
    private readonly LedgerSource _source;

    public LedgerSourceTests() => _source = new LedgerSource(() => [], TimeProvider.System, NullLogger<LedgerSource>.Instance, _proc.Path);

    public void Dispose()
    {
        _page.Dispose();
        _proc.Dispose();
    }

    [Fact]
    public void The_books_of_a_container_are_the_sum_over_its_living_processes()
    {
        _proc.Add(100, 7, pidNamespace: 500, inside: 1, A);
        _proc.Add(101, 8, pidNamespace: 500, inside: 2, A);
        _page.Replica(0, PageLayout.Life(500, 7), PageLayout.GpuKey(Uuid)!.Value);
        _page.Process(0, 0, PageLayout.Token(1, 7));
        _page.Process(0, 1, PageLayout.Token(2, 8));
        _page.Book(0, 0, 0, used: 10 << 20, refused: 1);
        _page.Book(0, 1, 0, used: 5 << 20);

        var book = Assert.Single(Books(Container(A, 100)));

        Assert.Equal((15L << 20, 2, 1L, A, 3), (book.UsedBytes, book.Processes, book.Refused, book.InstanceId, book.Gpu));
    }

    [Fact]
    public void A_process_that_was_killed_no_longer_counts_and_its_slot_is_freed()
    {
        _proc.Add(100, 7, 500, 1, A);
        _proc.Add(101, 8, 500, 2, A);
        _page.Replica(0, PageLayout.Life(500, 7), PageLayout.GpuKey(Uuid)!.Value);
        _page.Process(0, 0, PageLayout.Token(1, 7));
        _page.Process(0, 1, PageLayout.Token(2, 8));
        _page.Book(0, 0, 0, 10 << 20);
        _page.Book(0, 1, 0, 5 << 20);
        Books(Container(A, 100));

        // Its pid is there again, but it is another process.
        _proc.Add(101, 9, 500, 2, A);
        Assert.Equal(10L << 20, Assert.Single(Books(Container(A, 100))).UsedBytes);
        Assert.Equal((PageLayout.Token(1, 7), 0UL), (_page.Read(PageImage.OwnerAt(0, 0)), _page.Read(PageImage.OwnerAt(0, 1))));
    }

    [Fact]
    public void Replicas_of_a_service_share_a_page_and_not_their_books()
    {
        _proc.Add(100, 7, 500, 1, A);
        _proc.Add(200, 7, 600, 1, B);
        _page.Replica(0, PageLayout.Life(500, 7), PageLayout.GpuKey(Uuid)!.Value);
        _page.Replica(1, PageLayout.Life(600, 7), PageLayout.GpuKey(Uuid)!.Value);
        _page.Process(0, 0, PageLayout.Token(1, 7));
        _page.Process(1, 0, PageLayout.Token(1, 7));
        _page.Book(0, 0, 0, 1 << 20);
        _page.Book(1, 0, 0, 2 << 20);

        Assert.Equal([(A, 1L << 20), (B, 2L << 20)], Books(Container(A, 100), Container(B, 200)).Select(b => (b.InstanceId, b.UsedBytes)).OrderBy(b => b.InstanceId));
    }

    [Fact]
    public void The_entry_of_a_container_that_is_gone_is_freed_with_its_cap()
    {
        _proc.Add(100, 7, 500, 1, A);
        _page.Replica(0, PageLayout.Life(500, 7), 77);
        _page.Replica(1, PageLayout.Life(600, 7), 77);
        _page.Write(PageImage.GpuAt(1, 0) + PageLayout.GpuCap, 5);
        _page.Write(PageImage.GpuAt(1, 0) + PageLayout.GpuCap + 8, ~5UL);

        Books(Container(A, 100));

        Assert.Equal((PageLayout.Life(500, 7), 0UL, 0UL), (_page.Read(PageImage.ReplicaAt(0)), _page.Read(PageImage.ReplicaAt(1)), _page.Read(PageImage.GpuAt(1, 0) + PageLayout.GpuCap)));
    }

    [Fact]
    public void A_restarted_container_that_gets_the_same_namespace_number_has_no_part_in_its_life_before()
    {
        _proc.Add(100, 7, 500, 1, A);
        _page.Replica(0, PageLayout.Life(500, 7), 77);
        _page.Write(PageImage.GpuAt(0, 0) + PageLayout.GpuCap, 5);
        _page.Write(PageImage.GpuAt(0, 0) + PageLayout.GpuCap + 8, ~5UL);
        Books(Container(A, 100));
        Assert.Equal(5UL, _page.Read(PageImage.GpuAt(0, 0) + PageLayout.GpuCap));

        _proc.Remove(100);
        _proc.Add(101, 9, 500, 1, A);
        Assert.Null(Assert.Single(_source.Sweep([Container(A, 101)]).Containers).Replica);
        Assert.Equal((0UL, 0UL), (_page.Read(PageImage.ReplicaAt(0)), _page.Read(PageImage.GpuAt(0, 0) + PageLayout.GpuCap)));
    }

    [Fact]
    public void A_process_that_only_waits_to_be_asked_for_its_exit_code_is_dead()
    {
        _proc.Add(100, 7, 500, 1, A);
        _proc.Add(101, 8, 500, 2, A, state: 'Z');
        _page.Replica(0, PageLayout.Life(500, 7), PageLayout.GpuKey(Uuid)!.Value);
        _page.Process(0, 1, PageLayout.Token(2, 8));
        _page.Book(0, 1, 0, 5 << 20);
        Assert.Equal(0, Assert.Single(Books(Container(A, 100))).UsedBytes);
    }

    [Fact]
    public void An_agent_that_sees_other_pids_than_Docker_takes_nobody_for_dead()
    {
        _proc.Add(100, 7, 500, 1, container: B);
        _page.Replica(0, PageLayout.Life(500, 7), 77);
        _page.Process(0, 0, PageLayout.Token(9, 9));

        var ledger = Assert.Single(_source.Sweep([Container(A, 100)]).Containers);

        Assert.Contains("pid: host", ledger.Problem, StringComparison.Ordinal);
        Assert.Equal(PageLayout.Token(9, 9), _page.Read(PageImage.OwnerAt(0, 0)));
    }

    [Fact]
    public void Numbers_that_cannot_be_true_are_no_book()
    {
        _proc.Add(100, 7, 500, 1, A);
        _page.Replica(0, PageLayout.Life(500, 7), PageLayout.GpuKey(Uuid)!.Value);
        _page.Process(0, 0, PageLayout.Token(1, 7));
        _page.Book(0, 0, 0, ulong.MaxValue);
        Assert.Empty(Books(Container(A, 100)));
    }

    [Fact]
    public void What_a_framework_told_within_the_last_minute_is_heard()
    {
        _proc.Add(100, 7, 500, 1, A);
        _page.Replica(0, PageLayout.Life(500, 7), 77);
        _page.Process(0, 0, PageLayout.Token(1, 7));
        Assert.Null(Assert.Single(_source.Sweep([Container(A, 100)]).Containers).Framework);

        _page.Framework(0, 0, 10, 20, 5, 1, 2, (ulong)Headroom.Interop.Linux.BootClock.Instance.GetTimestamp());
        var told = Assert.Single(_source.Sweep([Container(A, 100)]).Containers).Framework;
        Assert.Equal((10L, 20L, 5L, 1L, 2L), (told!.AllocatedBytes, told.ReservedBytes, told.InactiveSplitBytes, told.Retries, told.Ooms));

        _page.Framework(0, 0, 10, 20, 5, 1, 2, 1);
        Assert.Null(Assert.Single(_source.Sweep([Container(A, 100)]).Containers).Framework);
    }

    private IReadOnlyList<MemoryBook> Books(params ContainerSample[] containers) =>
        MemoryBooks.Of(_source.Sweep(containers), [new GpuIdentity(3, Uuid, "x", null, null, null, false)]);

    private ContainerSample Container(string id, int pid) => new()
    {
        Id = new WorkloadId(id[..1], id, default), ContainerName = id[..1], Image = "i", State = ContainerState.Running, Pid = pid,
        Binds = new Dictionary<string, string> { [PagePlaces.PageInContainer] = _page.Path },
    };
}
