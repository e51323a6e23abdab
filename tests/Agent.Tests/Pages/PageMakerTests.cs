using CsCheck;
using System.IO.MemoryMappedFiles;
using Headroom.Pages;

namespace Headroom.Tests.Pages;

/// <summary>What containers mount is made once, and never taken from under them.</summary>
public sealed class PageMakerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-pages-").FullName;

    private string Page => Path.Combine(_folder, "pages", "shop", "chat");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_new_page_has_its_header_its_exact_size_takes_next_to_no_space_and_everybody_may_write_it()
    {
        Assert.Equal(PageMaking.Made, PageMaker.Create(Page).Result);

        var content = File.ReadAllBytes(Page);
        Assert.Equal(768 + 16 * 190016, content.Length);
        Assert.Equal("HADRPAGE"u8, content.AsSpan(0, 8));
        Assert.Equal((1u, (uint)content.Length), (BitConverter.ToUInt32(content, 8), BitConverter.ToUInt32(content, 12)));
        Assert.False(content.AsSpan(16).ContainsAnyExcept((byte)0));
        Assert.Equal("-rw-rw-rw-", Mode(Page));
        Assert.Equal("drwxr-xr-x", Mode(Path.GetDirectoryName(Page)!));
        Assert.Equal([Page], Directory.GetFiles(Path.GetDirectoryName(Page)!)); // nothing left aside
        Assert.Equal(PageState.Good, PageMaker.Look(Page).State);
    }

    [Fact]
    public void A_good_page_stays_the_same_file_with_what_was_written_in_it()
    {
        PageMaker.Create(Page);
        using var mapped = MemoryMappedFile.CreateFromFile(Page);
        using var view = mapped.CreateViewAccessor();
        view.Write(40, 4711L);
        File.SetUnixFileMode(Page, UnixFileMode.UserRead);

        Assert.Equal(PageMaking.Kept, PageMaker.Create(Page).Result);

        view.Write(48, 4712L);
        Assert.Equal((4711L, 4712L), (BitConverter.ToInt64(File.ReadAllBytes(Page), 40), BitConverter.ToInt64(File.ReadAllBytes(Page), 48)));
        Assert.Equal("-rw-rw-rw-", Mode(Page));
    }

    [Fact]
    public void A_page_of_another_version_is_made_anew_only_when_no_process_has_it_mapped()
    {
        PageMaker.Create(Page);
        using (var file = File.OpenWrite(Page))
        {
            file.Position = 8;
            file.WriteByte(2);
        }
        Assert.Equal(PageState.OtherVersion, PageMaker.Look(Page).State);
        // The /proc of a host on which process 7 has it mapped.
        var proc = Directory.CreateDirectory(Path.Combine(_folder, "proc", "7")).Parent!.FullName;
        var key = MemoryMaps.OfFile(Page)!.Value;
        File.WriteAllText(Path.Combine(proc, "7", "maps"), $"7f0000000000-7f0000001000 rw-s 00000000 {key.Device} {key.Inode}                  /run/headroom/page\n");

        var refused = PageMaker.Create(Page, proc);
        var after = PageMaker.Look(Page).State;
        File.WriteAllText(Path.Combine(proc, "7", "maps"), $"7f0000000000-7f0000001000 rw-s 00000000 {key.Device} {key.Inode + 1}                  /run/headroom/page\n");
        var made = PageMaker.Create(Page, proc);

        Assert.Equal((PageMaking.Refused, PageState.OtherVersion), (refused.Result, after));
        Assert.Contains("version 2", refused.Words, StringComparison.Ordinal);
        Assert.Contains("pid 7", refused.Words, StringComparison.Ordinal);
        Assert.Equal((PageMaking.Replaced, PageState.Good), (made.Result, PageMaker.Look(Page).State));
    }

    [Fact]
    public void The_kernel_names_a_mapped_file_for_us_as_for_another_process()
    {
        PageMaker.Create(Page);
        using var mapped = MemoryMappedFile.CreateFromFile(Page);
        using var view = mapped.CreateViewAccessor();

        Assert.Contains(MemoryMaps.OfFile(Page)!.Value, MemoryMaps.Of(Environment.ProcessId)!);
    }

    [Fact]
    public void What_is_no_page_is_told_and_only_what_nobody_can_miss_is_replaced()
    {
        Directory.CreateDirectory(Page); // as docker run -v makes it
        Assert.Equal((PageState.NoPage, PageMaking.Replaced), (PageMaker.Look(Page).State, PageMaker.Create(Page).Result));

        File.Delete(Page);
        Directory.CreateDirectory(Path.Combine(Page, "precious"));
        Assert.Equal(PageMaking.Refused, PageMaker.Create(Page).Result);
        Assert.True(Directory.Exists(Path.Combine(Page, "precious")));

        Directory.Delete(Page, recursive: true);
        File.CreateSymbolicLink(Page, "/etc/hostname");
        Assert.Equal(PageMaking.Refused, PageMaker.Create(Page).Result);

        File.Delete(Page);
        File.WriteAllText(Page, ""); // a power cut
        Assert.Equal((PageMaking.Replaced, PageState.Good), (PageMaker.Create(Page).Result, PageMaker.Look(Page).State));
    }

    [Fact]
    public void Whatever_a_container_writes_into_the_header_only_the_right_one_counts_as_good() =>
        Gen.Select(Gen.Byte.Array[16], Gen.Int[0, 15], Gen.Bool, Gen.OneOf(Gen.Const((long)PageLayout.Bytes), Gen.Long[16, 10_000_000])).Sample((noise, at, right, length) =>
        {
            var header = new byte[PageMaker.HeaderBytes];
            PageMaker.WriteHeader(header);
            if (!right)
                header[at] ^= (byte)(noise[at] | 1);
            Assert.Equal(right && length == PageLayout.Bytes, PageMaker.Judge(header, length).State == PageState.Good);
        }, iter: 10_000);

    [Fact]
    public void The_library_is_written_only_when_it_differs_and_who_has_the_old_one_keeps_it()
    {
        var path = Path.Combine(_folder, "lib", "libheadroom.so");
        Assert.True(OwnFiles.PutLibrary(path, [1, 2, 3]));
        using var old = File.OpenRead(path);
        Assert.False(OwnFiles.PutLibrary(path, [1, 2, 3]));
        Assert.True(OwnFiles.PutLibrary(path, [1, 2, 3, 4]));

        Assert.Equal((3, 4), ((int)old.Length, (int)new FileInfo(path).Length));
        Assert.Equal("-rwxr-xr-x", Mode(path));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    private static string Mode(string path)
    {
        var mode = File.GetUnixFileMode(path);
        return (Directory.Exists(path) ? "d" : "-") + string.Concat(Enumerable.Range(0, 9).Select(bit => ((int)mode >> (8 - bit) & 1) == 1 ? "rwx"[bit % 3] : '-'));
    }
}
