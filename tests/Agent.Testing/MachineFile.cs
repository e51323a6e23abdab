using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using Headroom.Testing.Layout;

namespace Headroom.Testing;

/// <summary>The file <c>machine</c> that the doubles map, mapped here too.</summary>
internal sealed unsafe class MachineFile : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private HmMachine* _machine;

    public MachineFile(string path)
    {
        var size = Unsafe.SizeOf<HmMachine>();
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.CreateNew, mapName: null, size);
        _view = _file.CreateViewAccessor(0, size);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _machine = (HmMachine*)start;
        _machine->Version = HmMachine.CurrentVersion;
        _machine->Size = (uint)size;
        _machine->Magic = HmMachine.MagicNumber;
    }

    public ref HmMachine Machine
    {
        get
        {
            ObjectDisposedException.ThrowIf(_machine is null, this);
            return ref *_machine;
        }
    }

    public void Dispose()
    {
        if (_machine is null)
            return;
        _machine = null;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
