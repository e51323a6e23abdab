using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Headroom.Pages;

/// <summary>One page, open. Read and written by pread and pwrite, never mapped here: a container may truncate its page, and touching a mapping behind a file's end would end the agent.</summary>
internal sealed class PageFile : IDisposable
{
    private readonly SafeFileHandle _file;

    private PageFile(SafeFileHandle file) => _file = file;

    /// <summary>Null when there is no page of this version, and why.</summary>
    public static PageFile? TryOpen(string path, out string? problem)
    {
        SafeFileHandle? file = null;
        try
        {
            file = Interop.Linux.ForeignFile.Open(path, "", out problem, out var isMissing);
            if (file is null)
            {
                problem = isMissing ? "it is not there" : Directory.Exists(path) ? "it is a folder: Docker makes one where a file to be mounted is missing" : problem;
                return null;
            }
            problem = Problem(file);
            if (problem is null)
                return new PageFile(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = e.Message;
        }
        file?.Dispose();
        return null;
    }

    /// <summary>All containers that have an entry.</summary>
    /// <exception cref="IOException">It can't be read, or got shorter.</exception>
    public IReadOnlyList<PageReplica> Read()
    {
        var replicas = new List<PageReplica>();
        Span<byte> head = stackalloc byte[PageLayout.ReplicaProcesses];
        for (var i = 0; i < PageLayout.Replicas; i++)
        {
            Fill(head[..8], ReplicaAt(i));
            var life = Word(head, 0);
            if (life == 0)
                continue;
            Fill(head, ReplicaAt(i));
            replicas.Add(new PageReplica(i, life, GpusIn(head), SlotsIn(head, i)));
        }
        return replicas;
    }

    /// <summary>What this life of a container has; null: none of its processes has come to the page yet.</summary>
    public PageReplica? Find(ulong life) => Read().FirstOrDefault(r => r.Life == life);

    /// <summary>The library reads the check word too: a cap that is half written is never obeyed.</summary>
    public void SetCap(PageReplica replica, PageGpu gpu, ulong cap) => WriteChecked(GpuAt(replica.Index, gpu.Index) + PageLayout.GpuCap, cap);

    public void SetOverhead(PageReplica replica, PageGpu gpu, ulong bytes) => Write(GpuAt(replica.Index, gpu.Index) + PageLayout.GpuOverhead, bytes);

    /// <summary>The cap of containers that the agent has not seen yet. Without room for one more GPU: nothing.</summary>
    public void SetInitial(ulong gpuKey, ulong cap)
    {
        Span<byte> entries = stackalloc byte[PageLayout.Gpus * PageLayout.InitialBytes];
        Fill(entries, PageLayout.Initial);
        int? free = null;
        for (var i = 0; i < PageLayout.Gpus; i++)
        {
            var (key, at) = (Word(entries, i * PageLayout.InitialBytes), PageLayout.Initial + i * PageLayout.InitialBytes);
            if (key == 0)
                free ??= at;
            if (key != gpuKey)
                continue;
            if (Word(entries, i * PageLayout.InitialBytes + 8) != cap || Word(entries, i * PageLayout.InitialBytes + 16) != ~cap)
                WriteChecked(at + 8, cap);
            return;
        }
        if (free is not { } place || cap == PageLayout.CapUnset)
            return;
        WriteChecked(place + 8, cap);
        Write(place, gpuKey);
    }

    public void Beat(ulong bootNanoseconds) => Write(PageLayout.AgentBeat, bootNanoseconds);

    /// <summary>Frees the slot of a process that is dead, if it is still that one's. The library claims anew should it be wrong.</summary>
    public void ClearOwner(PageReplica replica, PageSlot slot)
    {
        var at = ReplicaAt(replica.Index) + PageLayout.ReplicaOwners + slot.Index * 8;
        if (ReadWord(at) == slot.Owner)
            Write(at, 0);
    }

    /// <summary>Frees the entry of a container that is gone, with its caps and its gate.</summary>
    public void ClearReplica(PageReplica replica)
    {
        Write(ReplicaAt(replica.Index) + PageLayout.ReplicaGate, 0);
        foreach (var gpu in replica.Gpus)
        {
            WriteChecked(GpuAt(replica.Index, gpu.Index) + PageLayout.GpuCap, PageLayout.CapUnset);
            SetOverhead(replica, gpu, 0);
        }
        if (ReadWord(ReplicaAt(replica.Index)) == replica.Life)
            Write(ReplicaAt(replica.Index), 0);
    }

    public void Dispose() => _file.Dispose();

    private static string? Problem(SafeFileHandle file)
    {
        Span<byte> header = stackalloc byte[PageMaker.HeaderBytes];
        var length = RandomAccess.GetLength(file);
        if (RandomAccess.Read(file, header, 0) != header.Length)
            return $"it is a file of {length} bytes";
        var look = PageMaker.Judge(header, length);
        return look.State == PageState.Good ? null : $"it is {look.Words}";
    }

    private static List<PageGpu> GpusIn(ReadOnlySpan<byte> head)
    {
        var gpus = new List<PageGpu>();
        for (var i = 0; i < PageLayout.Gpus; i++)
        {
            var entry = head.Slice(PageLayout.ReplicaGpus + i * PageLayout.GpuBytes, PageLayout.GpuBytes);
            if (Word(entry, 0) is not 0 and var key)
                gpus.Add(new PageGpu(i, key, Word(entry, PageLayout.GpuCap), Word(entry, PageLayout.GpuCap) == ~Word(entry, PageLayout.GpuCap + 8), Word(entry, PageLayout.GpuOverhead)));
        }
        return gpus;
    }

    private List<PageSlot> SlotsIn(ReadOnlySpan<byte> head, int replica)
    {
        var slots = new List<PageSlot>();
        Span<byte> process = stackalloc byte[PageLayout.ProcessBytes];
        for (var i = 0; i < PageLayout.Processes; i++)
        {
            if (Word(head, PageLayout.ReplicaOwners + i * 8) is not (not 0 and var owner))
                continue;
            Fill(process, ReplicaAt(replica) + PageLayout.ReplicaProcesses + i * PageLayout.ProcessBytes);
            var framework = new ulong[PageLayout.FrameworkWords];
            for (var word = 0; word < framework.Length; word++)
                framework[word] = Word(process, PageLayout.ProcessFramework + word * 8);
            var books = new PageBook[PageLayout.Gpus];
            for (var gpu = 0; gpu < books.Length; gpu++)
                books[gpu] = BookIn(process.Slice(PageLayout.ProcessBooks + gpu * PageLayout.BookBytes, PageLayout.BookBytes));
            slots.Add(new PageSlot(i, owner, Word(process, 0) == owner, books, framework));
        }
        return slots;
    }

    private static PageBook BookIn(ReadOnlySpan<byte> b)
    {
        return new PageBook(
            Word(b, 0), Word(b, PageLayout.BookAsking), Kind(b, 0), Kind(b, 1), Kind(b, 2), Kind(b, 3), Kind(b, 4), Kind(b, 5), Kind(b, 6),
            Word(b, PageLayout.BookSegments), Word(b, PageLayout.BookHighWater), Word(b, PageLayout.BookAllocations), Word(b, PageLayout.BookFrees), Word(b, PageLayout.BookRefused), Word(b, PageLayout.BookRefusedByDriver),
            Word(b, PageLayout.BookRefusedWhileFree), Word(b, PageLayout.BookLastRefused));

        static ulong Kind(ReadOnlySpan<byte> book, int kind) => Word(book, PageLayout.BookKinds + kind * 8);
    }

    /// <exception cref="IOException">It got shorter.</exception>
    internal void Read(Span<byte> bytes, long at) => Fill(bytes, at);

    internal void Write(ReadOnlySpan<byte> bytes, long at) => RandomAccess.Write(_file, bytes, at);

    internal static long ReplicaAt(int index) => PageLayout.FirstReplica + (long)index * PageLayout.ReplicaBytes;

    private static long GpuAt(int replica, int gpu) => ReplicaAt(replica) + PageLayout.ReplicaGpus + gpu * PageLayout.GpuBytes;

    private static ulong Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    private ulong ReadWord(long at)
    {
        Span<byte> word = stackalloc byte[8];
        Fill(word, at);
        return Word(word, 0);
    }

    private void Fill(Span<byte> bytes, long at)
    {
        if (RandomAccess.Read(_file, bytes, at) != bytes.Length)
            throw new IOException("the page got shorter while it was read");
    }

    private void Write(long at, ulong word)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, word);
        RandomAccess.Write(_file, bytes, at);
    }

    private void WriteChecked(long at, ulong word)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, word);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], ~word);
        RandomAccess.Write(_file, bytes, at);
    }
}
