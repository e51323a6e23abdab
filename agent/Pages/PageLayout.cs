using System.Buffers.Binary;

namespace Headroom.Pages;

/// <summary>Offsets of agent/preload/page.h, in bytes; a test compares every one with what the C compiler says. Shape: one page, 16 containers ("replicas"), in each 16 GPUs
/// and 64 processes, in each process one book a GPU.</summary>
internal static class PageLayout
{
    public const ulong Magic = 0x4547415052444148;
    public const uint Version = 1;

    public const int Replicas = 16;
    public const int Processes = 64;
    public const int Gpus = 16;

    public const int PageVersion = 8, PageSize = 12, AgentBeat = 24, Initial = 32, InitialBytes = 32, FirstReplica = 768;
    public const int ReplicaBytes = 190016, ReplicaGate = 8, ReplicaGpus = 64, ReplicaOwners = 1088, ReplicaProcesses = 1600;
    public const int GpuBytes = 64, GpuCap = 8, GpuOverhead = 24;
    public const int ProcessBytes = 2944, ProcessLibrary = 16, ProcessFramework = 24, FrameworkWords = 6, ProcessGate = 72, ProcessBooks = 128;
    public const int BookBytes = 176, BookAsking = 8, BookKinds = 16, BookSegments = 80, BookHighWater = 88, BookAllocations = 96, BookFrees = 104, BookRefused = 112, BookRefusedByDriver = 120, BookRefusedWhileFree = 128, BookLastRefused = 136, BookGate = 152;

    public const int Bytes = FirstReplica + Replicas * ReplicaBytes;

    /// <summary>Nothing was said yet.</summary>
    public const ulong CapUnset = 0;
    public const ulong CapNone = ulong.MaxValue;

    /// <summary>A GPU's UUID as NVML writes it (<c>GPU-8-4-4-4-12</c> or <c>MIG-...</c> hex digits) folded to a word that is never 0; null when it is no UUID.</summary>
    public static ulong? GpuKey(string uuid)
    {
        var dash = uuid.IndexOf('-');
        if (dash < 0 || !Guid.TryParseExact(uuid.AsSpan(dash + 1), "D", out var id))
            return null;
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        var (a, b) = (BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
        var key = a ^ ulong.RotateLeft(b, 32);
        return key == 0 ? 1 : key;
    }

    /// <summary>Who owns a process slot: pid in its own namespace and start time in clock ticks since boot.</summary>
    public static ulong Token(int pidInside, ulong startTime) => (ulong)pidInside << 42 | startTime & (1ul << 42) - 1;

    /// <summary>One life of a container: inode of its pid namespace, of which the kernel gives out the same at once again, and start time of that namespace's first process.</summary>
    public static ulong Life(ulong pidNamespace, ulong firstStarted) => firstStarted << 32 | pidNamespace & uint.MaxValue;

    /// <summary>The inode of <see cref="Life"/>.</summary>
    public static ulong NamespaceOf(ulong life) => life & uint.MaxValue;
}
