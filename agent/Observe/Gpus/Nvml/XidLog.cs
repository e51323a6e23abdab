using Headroom.Model;

namespace Headroom.Observe.Gpus.Nvml;

/// <summary>XID errors since the agent started, by GPU; outlives NVML sessions. Written by the event thread, read by the sweep.</summary>
internal sealed class XidLog
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dictionary<int, XidCount>> _byGpu = [];
    private readonly Dictionary<string, object> _listeners = [];

    /// <summary>From now on only this listener's errors of the GPU count. While a worker hangs, its listener and that of the worker that took over
    /// both hear the GPUs that go on.</summary>
    public void Claim(string uuid, object listener)
    {
        lock (_lock)
            _listeners[uuid] = listener;
    }

    public void Add(string uuid, int xid, DateTimeOffset at, object listener)
    {
        lock (_lock)
        {
            if (!ReferenceEquals(_listeners.GetValueOrDefault(uuid), listener))
                return;
            if (!_byGpu.TryGetValue(uuid, out var counts))
                _byGpu[uuid] = counts = [];
            counts[xid] = new XidCount(xid, counts.GetValueOrDefault(xid)?.Count + 1 ?? 1, at);
        }
    }

    public IReadOnlyList<XidCount> Of(string uuid)
    {
        lock (_lock)
            return _byGpu.TryGetValue(uuid, out var counts) ? [.. counts.Values.OrderBy(c => c.Xid)] : [];
    }
}
