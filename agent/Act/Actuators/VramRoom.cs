using Headroom.Model;

namespace Headroom.Act.Actuators;

/// <summary>Who may take VRAM again: one at a time, when what it held before is free. All at once would itself run the card out of memory.</summary>
internal sealed class VramRoom(TimeProvider time)
{
    /// <summary>After one came back, before the next may.</summary>
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(10);
    /// <summary>Models load for minutes; what was promised to one is no room for another until it holds it.</summary>
    private static readonly TimeSpan LoadsWithin = TimeSpan.FromMinutes(10);
    private const double Loaded = 0.9;
    /// <summary>A driver that has not answered by then may be gone for good: it refuses nobody any more.</summary>
    private static readonly TimeSpan WaitForGpus = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly MonoTime _from = time.Mono();
    private readonly List<Promise> _promises = [];
    private NodeSnapshot? _seen;
    private bool _busy;
    private MonoTime? _notBefore;

    /// <summary>VRAM that somebody may load again.</summary>
    private sealed record Promise(string InstanceId, int Gpu, long Bytes, MonoTime Until);

    /// <summary>By each tick.</summary>
    public void See(NodeSnapshot snapshot)
    {
        lock (_lock)
        {
            _seen = snapshot;
            _promises.RemoveAll(p => time.Mono() > p.Until || HeldBy(p) >= Loaded * p.Bytes);
        }
    }

    /// <returns>Null: not now, and why; else dispose it when done.</returns>
    public IDisposable? TryEnter(Hold hold, out string why)
    {
        lock (_lock)
        {
            why = WhyNot(hold) ?? "";
            if (why.Length > 0)
                return null;
            if (hold is { GpuBefore: { } gpu, BytesBefore: > 0 and var bytes })
                _promises.Add(new Promise(hold.Workload.InstanceId, gpu, bytes, time.Mono() + LoadsWithin));
            _busy = true;
            return new Turn(this);
        }
    }

    private string? WhyNot(Hold hold)
    {
        if (_busy || time.Mono() < _notBefore)
            return "waits: another container is just getting its VRAM back";
        if (hold is not { GpuBefore: { } gpu, BytesBefore: > 0 and var need })
            return null;
        if (_seen?.Gpus.FirstOrDefault(g => g.Index == gpu)?.Memory.Known()?.FreeBytes is not { } free)
            return time.Mono() - _from < WaitForGpus ? $"waits: GPU {gpu} has not been seen yet" : null;
        var promised = _promises.Where(p => p.Gpu == gpu && p.InstanceId != hold.Workload.InstanceId).Sum(p => Math.Max(0, p.Bytes - HeldBy(p)));
        return free - promised < need
            ? $"waits: it held {need >> 20} MiB on GPU {gpu}, {free >> 20} MiB are free{(promised > 0 ? $", {promised >> 20} of them for one that is loading" : "")}"
            : null;
    }

    private long HeldBy(Promise promise) =>
        _seen?.SharesOf(promise.InstanceId).Where(s => s.Gpu == promise.Gpu).Sum(s => s.Share.UsedBytes) ?? 0;

    private void Leave()
    {
        lock (_lock)
        {
            _busy = false;
            _notBefore = time.Mono() + Between;
        }
    }

    private sealed class Turn(VramRoom room) : IDisposable
    {
        public void Dispose() => room.Leave();
    }
}
