using CsCheck;
using Headroom.Pages;

namespace Headroom.Tests.Pages;

/// <summary>Pages are written by whoever is in the container: anything may stand in them.</summary>
public sealed class PageFileTests
{
    [Fact]
    public void A_process_with_its_books_is_read()
    {
        using var image = new PageImage();
        image.Replica(3, 4026532000, 77, 78);
        image.Process(3, 5, owner: 42);
        image.Book(3, 5, gpu: 1, used: 1 << 20, refused: 2, refusedWhileFree: 1);

        using var page = PageFile.TryOpen(image.Path, out var problem);

        Assert.Null(problem);
        var replica = Assert.Single(page!.Read());
        Assert.Equal((3, 4026532000UL), (replica.Index, replica.Life));
        Assert.Equal([77UL, 78UL], replica.Gpus.Select(g => g.Key));
        var slot = Assert.Single(replica.Slots);
        Assert.Equal((5, 42UL, true), (slot.Index, slot.Owner, slot.IsReady));
        Assert.Equal((1UL << 20, 1UL << 20, 2UL, 1UL), (slot.Books[1].Used, slot.Books[1].Plain, slot.Books[1].Refused, slot.Books[1].RefusedWhileFree));
    }

    [Fact]
    public void A_cap_is_written_with_its_check_word_and_nothing_else_changes()
    {
        using var image = new PageImage();
        image.Replica(0, 9, 77);
        var before = File.ReadAllBytes(image.Path);
        using var page = PageFile.TryOpen(image.Path, out _)!;
        var replica = page.Find(9)!;

        page.SetCap(replica, replica.Gpus[0], 5);

        Assert.Equal((5UL, ~5UL), (image.Read(PageImage.GpuAt(0, 0) + 8), image.Read(PageImage.GpuAt(0, 0) + 16)));
        var after = File.ReadAllBytes(image.Path);
        Assert.All(Enumerable.Range(0, before.Length).Where(i => before[i] != after[i]), i => Assert.InRange(i, PageImage.GpuAt(0, 0) + 8, PageImage.GpuAt(0, 0) + 23));
        Assert.True(page.Find(9)!.Gpus[0] is { Cap: 5, IsWhole: true });
    }

    [Fact]
    public void A_cap_for_containers_to_come_takes_an_entry_of_its_own_once()
    {
        using var image = new PageImage();
        using var page = PageFile.TryOpen(image.Path, out _)!;
        page.SetInitial(77, 5);
        page.SetInitial(78, 6);
        page.SetInitial(77, 7);
        Assert.Equal([77UL, 7UL, ~7UL, 0UL, 78UL, 6UL, ~6UL], Enumerable.Range(0, 7).Select(i => image.Read(PageLayout.Initial + i * 8)));
    }

    [Fact]
    public void Only_the_owner_that_was_found_dead_is_cleared()
    {
        using var image = new PageImage();
        image.Replica(0, 9, 77);
        image.Process(0, 0, owner: 1);
        using var page = PageFile.TryOpen(image.Path, out _)!;
        var found = page.Find(9)!;
        image.Process(0, 0, owner: 2);

        page.ClearOwner(found, found.Slots[0]);

        Assert.Equal(2UL, image.Read(PageImage.OwnerAt(0, 0)));
    }

    [Fact]
    public void A_file_that_is_no_page_is_left_alone_and_says_why()
    {
        using var image = new PageImage();
        AssertRefused("it begins otherwise", () => image.Write(0, 1));
        AssertRefused("of another version", () => { image.Write(0, PageLayout.Magic); image.Write(8, 99); });
        File.WriteAllText(image.Path, "short");
        AssertRefused("has 5 bytes", () => { });
        Assert.Null(PageFile.TryOpen(image.Path + ".missing", out var missing));
        Assert.Equal("it is not there", missing);
        Assert.Null(PageFile.TryOpen(Path.GetTempPath(), out var folder));
        Assert.Contains("folder", folder, StringComparison.Ordinal);

        void AssertRefused(string what, Action change)
        {
            change();
            Assert.Null(PageFile.TryOpen(image.Path, out var problem));
            Assert.False(string.IsNullOrEmpty(problem), what);
        }
    }

    [Fact]
    public void A_page_that_gets_shorter_while_it_is_open_is_an_error_and_no_crash()
    {
        using var image = new PageImage();
        image.Replica(15, 9, 77);
        using var page = PageFile.TryOpen(image.Path, out _)!;
        using (var other = new FileStream(image.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            other.SetLength(1000);
        Assert.Throws<IOException>(() => page.Read());
    }

    [Fact]
    public void Whatever_stands_in_a_page_it_is_read()
    {
        using var image = new PageImage();
        using var page = PageFile.TryOpen(image.Path, out _)!;
        Gen.Select(Gen.Int[2, PageLayout.Bytes / 8 - 1], Gen.OneOf(Gen.ULong, Gen.Const(ulong.MaxValue), Gen.Const(1UL))).Array[1, 20].Sample(words =>
        {
            foreach (var (at, word) in words)
                image.Write(at * 8L, word);
            foreach (var (at, _) in words)
                image.Write(PageImage.ReplicaAt((int)((at * 8L - PageLayout.FirstReplica) / PageLayout.ReplicaBytes) & 15), 5);
            Assert.NotEmpty(page.Read());
        }, iter: 10_000, threads: 1);
    }

    [Theory]
    [InlineData("GPU-00000000-0000-0000-0000-000000000000", 1UL)]
    [InlineData("GPU-01000000-0000-0000-0000-000000000000", 1UL)]
    [InlineData("MIG-00000000-0000-0000-0100-000000000000", 1UL << 32)]
    public void A_gpu_is_known_by_a_word_made_of_its_uuid(string uuid, ulong key) => Assert.Equal(key, PageLayout.GpuKey(uuid));

    [Fact]
    public void What_is_no_uuid_has_no_key() => Assert.Null(PageLayout.GpuKey("GPU-0"));
}
