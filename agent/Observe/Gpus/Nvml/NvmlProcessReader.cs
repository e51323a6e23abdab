using System.Runtime.InteropServices;
using Headroom.Interop.Nvml;
using Headroom.Model;

namespace Headroom.Observe.Gpus.Nvml;

/// <summary>Which processes hold one GPU, what each holds and how busy it keeps the GPU. Containers are not resolved here.</summary>
internal sealed unsafe class NvmlProcessReader(NvmlLibrary nvml, nint device)
{
    // Buffers are always sized for the widest entry, so that an early 535 driver, which writes 32 bytes where nvml.h says 24, cannot overrun them.
    private const int WidestEntry = 32;
    private const ulong NotAvailable = ulong.MaxValue; // NVML_VALUE_NOT_AVAILABLE
    private const uint NoInstance = uint.MaxValue;
    private const int MostPids = 1 << 22; // the kernel's own limit on 64-bit; anything above is garbage
    private const int MostTries = 5;
    // Far more contexts than a card can hold: a driver that asks for more is not asking for room.
    private const uint MostEntries = 1 << 15;

    private readonly int _stride = nvml.ProcessEntriesAre32Bytes ? 32 : 24;
    private readonly NvmlProcessUse _use = new(nvml, device);
    // Of one reading; kept, so that a reading leaves no more behind than what it tells.
    private readonly Dictionary<int, Entry> _found = [];
    private byte[] _entries = new byte[64 * WidestEntry];

    private readonly record struct Entry(int Pid, GpuProcessKinds Kinds, long? UsedBytes, int? Instance);

    /// <summary>One entry a pid; null when the driver does not give the list.</summary>
    public IReadOnlyList<GpuProcess>? Read(DateTimeOffset wallNow, Action<string, NvmlReturn> fatal)
    {
        _found.Clear();
        var known = List(GpuProcessKinds.Compute, fatal);
        known |= List(GpuProcessKinds.Graphics, fatal);
        known |= List(GpuProcessKinds.Mps, fatal);
        if (!known)
            return null;
        var use = _use.Read(wallNow, fatal);
        var processes = new List<GpuProcess>(_found.Count);
        foreach (var entry in _found.Values)
        {
            // A process without a sample did no work; a driver without samples does not tell.
            ProcessUse? share = use is null ? null : use.GetValueOrDefault(entry.Pid).Use;
            processes.Add(new GpuProcess(entry.Pid, entry.Kinds, entry.UsedBytes, share, null, null, entry.Instance));
        }
        return processes;
    }

    private bool List(GpuProcessKinds kind, Action<string, NvmlReturn> fatal)
    {
        // The list may grow between the answer "too small" and the next try.
        for (var attempt = 0; attempt < MostTries; attempt++)
        {
            var capacity = (uint)(_entries.Length / WidestEntry);
            var count = capacity;
            NvmlReturn code;
            fixed (byte* entries = _entries)
                code = Call(kind, &count, entries);
            if (code == NvmlReturn.InsufficientSize)
            {
                if (capacity >= MostEntries)
                    return false;
                _entries = new byte[Math.Min(Math.Max((ulong)count, capacity) * 2 + 5, MostEntries) * WidestEntry];
                continue;
            }
            if (code != NvmlReturn.Success)
            {
                fatal($"{kind} processes", code);
                return false;
            }
            for (var i = 0; i < Math.Min(count, capacity); i++)
                Add(kind, _entries.AsSpan(i * _stride, 24));
            return true;
        }
        return false;
    }

    private NvmlReturn Call(GpuProcessKinds kind, uint* count, byte* entries)
    {
        var code = kind switch
        {
            GpuProcessKinds.Compute => nvml.DeviceGetComputeRunningProcesses_v3(device, count, entries),
            GpuProcessKinds.Graphics => nvml.DeviceGetGraphicsRunningProcesses_v3(device, count, entries),
            _ => nvml.DeviceGetMPSComputeRunningProcesses_v3(device, count, entries),
        };
        if (code != NvmlReturn.FunctionNotFound)
            return code;
        return kind switch
        {
            GpuProcessKinds.Compute => nvml.DeviceGetComputeRunningProcesses_v2(device, count, entries),
            GpuProcessKinds.Graphics => nvml.DeviceGetGraphicsRunningProcesses_v2(device, count, entries),
            _ => nvml.DeviceGetMPSComputeRunningProcesses_v2(device, count, entries),
        };
    }

    // nvmlProcessInfo_t: +0 pid, +8 used bytes, +16 GPU instance, +20 compute instance.
    private void Add(GpuProcessKinds kind, ReadOnlySpan<byte> entry)
    {
        var pid = MemoryMarshal.Read<uint>(entry);
        if (pid is 0 or > MostPids)
            return;
        var used = MemoryMarshal.Read<ulong>(entry[8..]);
        var instance = MemoryMarshal.Read<uint>(entry[16..]);
        long? bytes = used == NotAvailable || used > long.MaxValue ? null : (long)used;
        // A client shows in the compute and the MPS list with the same memory on some drivers: the lists are of one process, never added up.
        _found[(int)pid] = _found.TryGetValue((int)pid, out var before)
            ? before with { Kinds = before.Kinds | kind, UsedBytes = Largest(before.UsedBytes, bytes) }
            : new Entry((int)pid, kind, bytes, instance == NoInstance ? null : (int)instance);
    }

    private static long? Largest(long? a, long? b) => a is null ? b : b is null ? a : Math.Max(a.Value, b.Value);
}
