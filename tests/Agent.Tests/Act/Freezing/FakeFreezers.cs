using Headroom.Act.Freezing;
using Headroom.Interop.Linux;

namespace Headroom.Tests.Act.Freezing;

/// <summary>Folders with a plain file <c>freezer.state</c>: it reads what was last written, as the kernel's does once all tasks stand, by our hand and no other.</summary>
internal sealed class FakeFreezers : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("headroom-freezer-").FullName;
    private readonly Dictionary<string, ControlFile> _readers = [];

    public FreezeTarget Add(int number, string? group = null, string? linkTo = null)
    {
        var id = number.ToString("x64");
        var target = FreezeCell.In(new FreezeTarget(id, Path.Combine(_root, id), false, group));
        Directory.CreateDirectory(target.Folder);
        File.WriteAllText(Path.Combine(target.Folder, "freezer.self_freezing"), "1\n");
        if (linkTo is not null)
            File.CreateSymbolicLink(target.File, linkTo);
        else
            File.WriteAllText(target.File, "THAWED\n");
        return target;
    }

    /// <summary>Of version 2, and somebody has stopped what is above: it stands still whatever is written.</summary>
    public FreezeTarget AddBelowFrozen(int number)
    {
        var id = number.ToString("x64");
        var target = FreezeCell.In(new FreezeTarget(id, Path.Combine(_root, id), true));
        Directory.CreateDirectory(target.Folder);
        File.WriteAllText(target.File, "0\n");
        File.WriteAllText(Path.Combine(target.Folder, "cgroup.events"), "populated 1\nfrozen 1\n");
        return target;
    }

    public bool IsFrozen(FreezeTarget target)
    {
        if (!_readers.TryGetValue(target.File, out var reader))
            _readers[target.File] = reader = ControlFile.Open(target.File, write: false, out _)!;
        Span<byte> text = stackalloc byte[16];
        Assert.Equal(0, reader.Read(text, out var count));
        return text[..count].StartsWith("FROZEN"u8);
    }

    public void Dispose()
    {
        foreach (var (_, reader) in _readers)
            reader.Dispose();
        Directory.Delete(_root, recursive: true);
    }
}
