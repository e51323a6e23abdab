using System.Runtime.InteropServices;
using Headroom.Interop.Nvml;
using Headroom.Model;

namespace Headroom.Observe.Gpus.Nvml;

/// <summary>How busy each process keeps one GPU: the newest sample of each pid within the last two seconds.</summary>
/// <remarks>The driver's ring holds what it likes: samples older than asked, of pids long gone, and values like 2147483632 (nvtop #110, DCGM #83).
/// What is older, above 100 % or zero-stamped is thrown away; the caller throws away pids that are not in its list.</remarks>
internal sealed unsafe class NvmlProcessUse(NvmlLibrary nvml, nint device)
{
    // The driver samples every 1/6 to 1 s: a window of two seconds always holds a sample of a busy process (nvitop asks so too).
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(2);
    private const int MostTries = 4;
    private const int MostBytes = 8 * 1024 * 1024; // 200,000 samples and more; the driver's ring holds some hundreds

    // Of one reading; kept, so that a reading leaves nothing behind.
    private readonly Dictionary<int, (ulong At, ProcessUse Use)> _newest = [];
    private byte[] _buffer = new byte[128 * sizeof(NvmlProcessUtilizationInfo)];
    private bool _newCallAbsent;
    private bool _absent;

    /// <summary>Shares by pid, until the next reading; empty when nothing ran; null when this GPU cannot tell (MIG, old cards) or the call failed.</summary>
    public Dictionary<int, (ulong At, ProcessUse Use)>? Read(DateTimeOffset wallNow, Action<string, NvmlReturn> fatal)
    {
        if (_absent)
            return null;
        _newest.Clear();
        var since = (ulong)((wallNow - Window).ToUnixTimeMilliseconds() * 1000);
        var code = NvmlReturn.FunctionNotFound;
        var count = 0u;
        if (!_newCallAbsent)
        {
            code = ReadNew(since, out count);
            _newCallAbsent = code.IsUnsupported();
        }
        var isNew = !_newCallAbsent;
        if (_newCallAbsent)
            code = ReadOld(since, out count);
        if (code is NvmlReturn.NotFound or NvmlReturn.NoData)
            return _newest;
        fatal("process utilization", code);
        _absent = code.IsUnsupported();
        if (code != NvmlReturn.Success)
            return null;
        if (isNew)
            foreach (ref readonly var s in MemoryMarshal.Cast<byte, NvmlProcessUtilizationInfo>(_buffer)[..(int)count])
                Offer(since, s.Pid, s.TimeStampMicros, s.Sm, s.Memory, s.Encoder, s.Decoder);
        else
            foreach (ref readonly var s in MemoryMarshal.Cast<byte, NvmlProcessUtilizationSample>(_buffer)[..(int)count])
                Offer(since, s.Pid, s.TimeStampMicros, s.Sm, s.Memory, s.Encoder, s.Decoder);
        return _newest;
    }

    private NvmlReturn ReadNew(ulong since, out uint count)
    {
        for (var attempt = 0; ; attempt++)
        {
            fixed (byte* buffer = _buffer)
            {
                var info = new NvmlProcessesUtilizationInfo
                {
                    Version = NvmlProcessesUtilizationInfo.VersionWord,
                    Count = (uint)(_buffer.Length / sizeof(NvmlProcessUtilizationInfo)),
                    LastSeenMicros = since,
                    Samples = (NvmlProcessUtilizationInfo*)buffer,
                };
                var capacity = info.Count;
                var code = nvml.DeviceGetProcessesUtilizationInfo(device, &info);
                count = Math.Min(info.Count, capacity);
                if (code != NvmlReturn.InsufficientSize || attempt == MostTries || _buffer.Length >= MostBytes)
                    return code;
                Grow(info.Count, sizeof(NvmlProcessUtilizationInfo));
            }
        }
    }

    private NvmlReturn ReadOld(ulong since, out uint count)
    {
        for (var attempt = 0; ; attempt++)
        {
            fixed (byte* buffer = _buffer)
            {
                var capacity = (uint)(_buffer.Length / sizeof(NvmlProcessUtilizationSample));
                count = capacity;
                fixed (uint* inOut = &count)
                {
                    var code = nvml.DeviceGetProcessUtilization(device, (NvmlProcessUtilizationSample*)buffer, inOut, since);
                    if (code != NvmlReturn.InsufficientSize || attempt == MostTries || _buffer.Length >= MostBytes)
                    {
                        count = Math.Min(count, capacity);
                        return code;
                    }
                }
                Grow(count, sizeof(NvmlProcessUtilizationSample));
            }
        }
    }

    private void Grow(uint wanted, int size) =>
        _buffer = new byte[Math.Min(Math.Max((long)wanted * 2 * size, _buffer.Length * 2L), MostBytes)];

    private void Offer(ulong since, uint pid, ulong at, uint sm, uint memory, uint encoder, uint decoder)
    {
        if (at <= since || sm > 100 || memory > 100 || encoder > 100 || decoder > 100)
            return;
        if (_newest.TryGetValue((int)pid, out var before) && before.At >= at)
            return;
        _newest[(int)pid] = (at, new ProcessUse(sm / 100.0, memory / 100.0, encoder / 100.0, decoder / 100.0));
    }
}
