using System.Buffers.Binary;
using System.Text;
using Headroom.Interop.Linux;
using Headroom.Model;
using Microsoft.Win32.SafeHandles;

namespace Headroom.Act.Caps;

/// <summary>The region file of HAMi-core in one container (Project-HAMi/HAMi-core, multiprocess_memory_limit.h; offsets as in HAMi's own layout test). The container
/// can write it, cut it and swap it at any time: it is read and written by offset, never mapped, and nothing in it is believed unchecked. Its semaphores are not touched.</summary>
internal sealed class HamiFile : IDisposable
{
    public const string DefaultPath = "/tmp/cudevshr.cache";
    public const string PathVariable = "CUDA_DEVICE_MEMORY_SHARED_CACHE";
    public const int Length = 2_008_953;

    private const int Magic = 19920718;
    private const int MajorAt = 4, MinorAt = 8, DevicesAt = 56, UuidsAt = 64, LimitsAt = 1600, SlotsAt = 1856, ProcessesAt = 2_008_896;
    private const int UuidBytes = 96, MaxDevices = 16, SlotBytes = 1960, MaxSlots = 1024, UsedAt = 8, UsedBytes = 64, TotalAt = 32;
    // In March 2026 version 1.1 had one word more before the usage of a slot, and the same length as before.
    private const int ShiftIn11 = 8;
    /// <summary>No process holds more; a counter that ran below zero does.</summary>
    private const ulong LeastImplausible = 1UL << 40;

    private readonly SafeFileHandle _file;
    private readonly byte[] _head;

    private HamiFile(SafeFileHandle file, string path, byte[] head) => (_file, Path, _head) = (file, path, head);

    /// <summary>On the host.</summary>
    public string Path { get; }

    /// <summary>Null where there is none that can be used, and why, in words; then it was left alone.</summary>
    public static HamiFile? Open(ContainerSample container, out string? why, out bool isMissing)
    {
        isMissing = false;
        if (Locate(container, out why) is not var (root, below))
            return null;
        if (ForeignFile.Open(root, below, out why, out isMissing) is not { } file)
        {
            why = isMissing ? $"HAMi-core has no region there ({why})" : why;
            return null;
        }
        var head = new byte[SlotsAt];
        var path = below.Length == 0 ? root : System.IO.Path.Combine(root, below);
        if ((why = Check(file, path, head)) is null)
            return new HamiFile(file, path, head);
        file.Dispose();
        return null;
    }

    /// <summary>Which of the region's GPUs this is; null, and why.</summary>
    public int? SlotOf(string uuid, out string? why)
    {
        var count = BinaryPrimitives.ReadUInt64LittleEndian(_head.AsSpan(DevicesAt));
        why = null;
        for (var i = 0; i < (int)Math.Min(count, MaxDevices); i++)
        {
            var text = _head.AsSpan(UuidsAt + (i * UuidBytes), UuidBytes);
            var end = text.IndexOf((byte)0);
            if (end >= 0 && text[..end].SequenceEqual(Encoding.ASCII.GetBytes(uuid)))
                return i;
        }
        why = count is 0 or > MaxDevices ? $"the region {Path} names {count} GPUs: no process has filled it in yet, or it is damaged" : $"the region {Path} does not name GPU {uuid}";
        return null;
    }

    public bool HasSeveralGpus => BinaryPrimitives.ReadUInt64LittleEndian(_head.AsSpan(DevicesAt)) > 1;

    /// <summary>Bytes; 0: none. Null: the file is too short by now.</summary>
    public ulong? Limit(int slot)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        return IsWhole() && Fill(word, LimitsAt + (slot * sizeof(ulong))) ? BinaryPrimitives.ReadUInt64LittleEndian(word) : null;
    }

    /// <summary>One aligned word, which HAMi-core reads at each allocation. False: the file is too short by now.</summary>
    public bool SetLimit(int slot, ulong bytes)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(word, bytes);
        if (!IsWhole())
            return false;
        RandomAccess.Write(_file, word, LimitsAt + (slot * sizeof(ulong)));
        return IsWhole();
    }

    /// <summary>Processes with a place in the region, dead ones too while none has cleaned up; null, and why, where the numbers cannot be.</summary>
    public (int Processes, ulong Bytes)? Used(int slot, out string? why)
    {
        why = $"the region {Path} was cut short";
        Span<byte> word = stackalloc byte[sizeof(int)];
        if (!IsWhole() || !Fill(word, ProcessesAt))
            return null;
        var count = BinaryPrimitives.ReadInt32LittleEndian(word);
        var slots = new byte[Math.Clamp(count, 0, MaxSlots) * SlotBytes];
        if (!Fill(slots, SlotsAt))
            return null;
        why = $"the region {Path} tells of {count} processes: damaged";
        if (count is < 0 or > MaxSlots)
            return null;
        var sum = 0UL;
        for (var i = 0; i < count; i++)
        {
            var used = Total(slots, (i * SlotBytes) + UsedAt + (slot * UsedBytes));
            why = $"the region {Path} tells of a process with {used} bytes: damaged";
            if (used >= LeastImplausible)
                return null;
            sum += used;
        }
        why = null;
        return (count, sum);
    }

    public void Dispose() => _file.Dispose();

    private ulong Total(byte[] slots, int at)
    {
        var total = BinaryPrimitives.ReadUInt64LittleEndian(slots.AsSpan(at + TotalAt));
        return BinaryPrimitives.ReadUInt32LittleEndian(_head.AsSpan(MinorAt)) == 1
            ? Math.Max(total, BinaryPrimitives.ReadUInt64LittleEndian(slots.AsSpan(at + ShiftIn11 + TotalAt))) : total;
    }

    // Only what Docker says of its mounts: the container itself must not lead us anywhere.
    private static (string Root, string Below)? Locate(ContainerSample container, out string? why)
    {
        var told = container.Environment.GetValueOrDefault(PathVariable);
        var path = string.IsNullOrEmpty(told) ? DefaultPath : told;
        why = $"{PathVariable} is '{path}', which is no plain absolute path";
        if (!path.StartsWith('/') || System.IO.Path.GetFullPath(path) != path || path.EndsWith('/'))
            return null;
        why = $"HAMi-core's region {path} is not on a folder of the host: mount one there and name the file in {PathVariable}";
        var mount = container.Binds.Keys.Where(k => path == k || path.StartsWith(k.TrimEnd('/') + "/", StringComparison.Ordinal)).MaxBy(k => k.Length);
        if (mount is null)
            return null;
        why = null;
        return (container.Binds[mount], path[Math.Min(path.Length, mount.TrimEnd('/').Length)..].TrimStart('/'));
    }

    private static string? Check(SafeFileHandle file, string path, byte[] head)
    {
        var length = RandomAccess.GetLength(file);
        if (length != Length)
            return $"{path} has {length} bytes, the region of HAMi-core 1.2 has {Length}: left alone";
        if (Read(file, head, 0) != head.Length)
            return $"{path} was cut short: left alone";
        var (magic, major, minor) = (BinaryPrimitives.ReadInt32LittleEndian(head), BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(MajorAt)), BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(MinorAt)));
        return magic != Magic ? $"{path} begins with {magic}, a region of HAMi-core with {Magic}: left alone"
            : (major, minor) is not (1, 1 or 2) ? $"{path} is a region of HAMi-core {major}.{minor}; 1.1 and 1.2 are known: left alone" : null;
    }

    private bool IsWhole() => RandomAccess.GetLength(_file) == Length;

    private bool Fill(Span<byte> to, long offset) => Read(_file, to, offset) == to.Length;

    private static int Read(SafeFileHandle file, Span<byte> to, long offset)
    {
        var read = 0;
        while (read < to.Length && RandomAccess.Read(file, to[read..], offset + read) is > 0 and var more)
            read += more;
        return read;
    }
}
