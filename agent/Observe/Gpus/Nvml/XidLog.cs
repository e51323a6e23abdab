using Headroom.Model;

namespace Headroom.Observe.Gpus.Nvml;

/// <summary>XID errors since the agent started, by GPU; outlives NVML sessions. Written by the event thread, read by the sweep.</summary>
internal sealed class XidLog
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dictionary<int, XidCount>> _byGpu = [];

    public void Add(string uuid, int xid, DateTimeOffset at)
    {
        lock (_lock)
        {
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
