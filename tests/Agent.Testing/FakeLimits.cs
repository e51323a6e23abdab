using System.IO.MemoryMappedFiles;
using Headroom.Testing.Layout;

namespace Headroom.Testing;

/// <summary>VRAM limits of cgroups on a machine of variant <see cref="NvmlVariant.R615"/>: <c>tests/fakes/limits.h</c>.</summary>
internal sealed class FakeLimits : IDisposable
{
    private const int Entries = 64, EntryBytes = 512, Head = 16;
    private const uint IsSet = 2;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    public FakeLimits(FakeMachine machine)
    {
        const int Size = Head + (Entries * EntryBytes);
        _file = MemoryMappedFile.CreateFromFile(Path.Combine(machine.Folder, "limits"), FileMode.OpenOrCreate, mapName: null, Size);
        _view = _file.CreateViewAccessor(0, Size);
    }

    /// <summary>The driver keeps its own books instead of the kernel's dmem controller.</summary>
    public bool Misc { get => _view.ReadUInt32(0) != 0; set => _view.Write(0, value ? 1u : 0); }

    /// <summary>What each cgroup is said to hold.</summary>
    public long UsedBytes { get => _view.ReadInt64(8); set => _view.Write(8, value); }

    public IEnumerable<(int Gpu, string Path, ulong Soft, ulong Hard)> All()
    {
        for (var i = 0; i < Entries; i++)
        {
            var at = Head + (i * EntryBytes);
            if (_view.ReadUInt32(at) != IsSet)
                continue;
            var path = new byte[EntryBytes - 32];
            _view.ReadArray(at + 32, path, 0, path.Length);
            yield return ((int)_view.ReadUInt32(at + 4), CText.Read(path), _view.ReadUInt64(at + 16), _view.ReadUInt64(at + 24));
        }
    }

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }
}
