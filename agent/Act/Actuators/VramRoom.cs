using Headroom.Model;

namespace Headroom.Act.Actuators;

/// <summary>Who may take VRAM again: one at a time, when what it held before is free. All at once would itself run the card out of memory.</summary>
internal sealed class VramRoom(TimeProvider time)
{
    /// <summary>After one came back, before the next may: it needs a moment to load what it had.</summary>
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private IReadOnlyList<GpuSample> _gpus = [];
    private bool _busy;
    private MonoTime? _notBefore;

    /// <summary>By each tick.</summary>
    public void See(IReadOnlyList<GpuSample> gpus) => Volatile.Write(ref _gpus, gpus);

    /// <returns>Null: not now, and why; else dispose it when done.</returns>
    public IDisposable? TryEnter(Hold hold, out string why)
    {
        lock (_lock)
        {
            if (_busy || time.Mono() < _notBefore)
            {
                why = "waits: another container is just getting its VRAM back";
                return null;
            }
            if (hold is { GpuBefore: { } gpu, BytesBefore: { } need } && FreeOn(gpu) is { } free && free < need)
            {
                why = $"waits: it held {need >> 20} MiB on GPU {gpu} and {free >> 20} MiB are free";
                return null;
            }
            _busy = true;
            why = "";
            return new Turn(this);
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            _busy = false;
            _notBefore = time.Mono() + Between;
        }
    }

    // A card that does not answer refuses nobody: it may be gone for good, and the container may run elsewhere.
    private long? FreeOn(int gpu) =>
        Volatile.Read(ref _gpus).FirstOrDefault(g => g.Index == gpu)?.Memory.Known()?.FreeBytes;

    private sealed class Turn(VramRoom room) : IDisposable
    {
        public void Dispose() => room.Leave();
    }
}
