using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Headroom.Interop.Linux;

/// <summary>One page of a file, mapped and shared with other processes as 8-byte words that are read and written whole.</summary>
internal sealed unsafe class MappedPage : IDisposable
{
    public const int Bytes = 4096;

    private readonly SafeFileHandle _file;
    // Unmapped when nobody can reach it any more, never earlier: a thread may look once more while the owner disposes.
    private readonly MemoryMappedViewAccessor _view;
    private readonly long* _words;
    private readonly string? _place;

    private MappedPage(SafeFileHandle file)
    {
        _file = file;
        using var mapping = MemoryMappedFile.CreateFromFile(file, mapName: null, Bytes, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
        _view = mapping.CreateViewAccessor(0, Bytes);
        _words = (long*)_view.SafeMemoryMappedViewHandle.DangerousGetHandle();
        _place = Place();
    }

    /// <summary>Maps a file of exactly one page; null when it has another size: touching memory behind a file's end would end the process.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="UnauthorizedAccessException">Not permitted.</exception>
    public static MappedPage? Open(string path)
    {
        var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            if (RandomAccess.GetLength(file) == Bytes)
                return new MappedPage(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        file.Dispose();
        return null;
    }

    /// <summary>Whether its path still leads to it: the kernel marks an open file that was removed or moved.</summary>
    public bool IsInPlace => Place() == _place;

    public long Read(int offset)
    {
        var value = Volatile.Read(ref Word(offset));
        GC.KeepAlive(this);
        return value;
    }

    public void Write(int offset, long value)
    {
        Volatile.Write(ref Word(offset), value);
        GC.KeepAlive(this);
    }

    public long Increment(int offset)
    {
        var value = Interlocked.Increment(ref Word(offset));
        GC.KeepAlive(this);
        return value;
    }

    /// <summary>Writes only over this value; whether it did.</summary>
    public bool Exchange(int offset, long from, long to)
    {
        var found = Interlocked.CompareExchange(ref Word(offset), to, from);
        GC.KeepAlive(this);
        return found == from;
    }

    /// <summary>Closes the file; the page can still be read.</summary>
    public void Dispose() => _file.Dispose();

    private ref long Word(int offset)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)offset, (uint)(Bytes - sizeof(long)));
        return ref _words[offset / sizeof(long)];
    }

    private string? Place() => _file.IsClosed ? null : new FileInfo($"/proc/self/fd/{_file.DangerousGetHandle()}").LinkTarget;
}
