using System.Buffers.Binary;
using Headroom.Pages;

namespace Headroom.Tests.Pages;

/// <summary>A page as the library in a container would write it, by the layout of page.h alone.</summary>
internal sealed class PageImage : IDisposable
{
    private readonly FileStream _file;

    public PageImage(string? path = null)
    {
        Path = path ?? System.IO.Path.Combine(Directory.CreateTempSubdirectory("headroom-page-").FullName, "page");
        _file = new FileStream(Path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite);
        _file.SetLength(PageLayout.Bytes);
        Write(0, PageLayout.Magic);
        Write(8, PageLayout.Version | (ulong)PageLayout.Bytes << 32);
    }

    public string Path { get; }

    public void Write(long at, ulong word)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, word);
        RandomAccess.Write(_file.SafeFileHandle, bytes, at);
    }

    public ulong Read(long at)
    {
        Span<byte> bytes = stackalloc byte[8];
        RandomAccess.Read(_file.SafeFileHandle, bytes, at);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    public void Replica(int index, ulong pidNamespace, params ulong[] gpuKeys)
    {
        Write(ReplicaAt(index), pidNamespace);
        for (var i = 0; i < gpuKeys.Length; i++)
            Write(GpuAt(index, i), gpuKeys[i]);
    }

    public void Process(int replica, int slot, ulong owner, bool ready = true)
    {
        Write(OwnerAt(replica, slot), owner);
        Write(ProcessAt(replica, slot), ready ? owner : 0);
    }

    public void Book(int replica, int slot, int gpu, ulong used, ulong refused = 0, ulong refusedWhileFree = 0)
    {
        var at = ProcessAt(replica, slot) + PageLayout.ProcessBooks + gpu * PageLayout.BookBytes;
        Write(at, used);
        Write(at + PageLayout.BookKinds, used);
        Write(at + PageLayout.BookSegments, 1);
        Write(at + PageLayout.BookHighWater, used);
        Write(at + PageLayout.BookRefused, refused);
        Write(at + PageLayout.BookRefusedWhileFree, refusedWhileFree);
    }

    public void Framework(int replica, int slot, params ulong[] words)
    {
        for (var i = 0; i < words.Length; i++)
            Write(ProcessAt(replica, slot) + PageLayout.ProcessFramework + i * 8, words[i]);
    }

    public static long ReplicaAt(int index) => PageLayout.FirstReplica + (long)index * PageLayout.ReplicaBytes;
    public static long GpuAt(int replica, int gpu) => ReplicaAt(replica) + PageLayout.ReplicaGpus + gpu * PageLayout.GpuBytes;
    public static long OwnerAt(int replica, int slot) => ReplicaAt(replica) + PageLayout.ReplicaOwners + slot * 8;
    public static long ProcessAt(int replica, int slot) => ReplicaAt(replica) + PageLayout.ReplicaProcesses + (long)slot * PageLayout.ProcessBytes;

    public void Dispose()
    {
        _file.Dispose();
        File.Delete(Path);
    }
}
