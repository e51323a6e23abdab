using Headroom.Model;

namespace Headroom.Simulate;

/// <summary>One GPU: who has it now, and what that does to the card.</summary>
internal sealed class SimulatedGpu
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    private readonly List<SimulatedWorkload> _tenants = [];
    private readonly long _hostBytes;
    private readonly int _hostProcesses;
    private readonly GpuBody _body;
    private TimeSpan _nextBeat = Beat;
    private Meter _busy;
    private Meter _switching;
    private Meter _pull;

    public SimulatedGpu(int index, GpuSpec spec, IReadOnlyList<HostProcessSpec> hostProcesses, long seed, TimeSpan midnight)
    {
        Index = index;
        Spec = spec;
        HostProcesses = hostProcesses;
        _hostBytes = hostProcesses.Sum(process => process.UsedBytes);
        _hostProcesses = hostProcesses.Count;
        _body = new GpuBody(spec, midnight);
        Faults = new GpuFaults(spec, Dice.For(seed, $"gpu{index}/ecc"), Dice.For(seed, $"gpu{index}/xid"));
        var id = Dice.For(seed, $"gpu{index}/uuid");
        var (high, low) = (id.Next(), id.Next());
        Uuid = $"GPU-{high >> 32:x8}-{(high >> 16) & 0xffff:x4}-{high & 0xffff:x4}-{low >> 48:x4}-{low & 0xffffffffffff:x12}";
    }

    public int Index { get; }
    public GpuSpec Spec { get; }
    public string Uuid { get; }
    public GpuBody Body => _body;
    public GpuFaults Faults { get; }
    public IReadOnlyList<HostProcessSpec> HostProcesses { get; }
    public IReadOnlyList<SimulatedWorkload> Tenants => _tenants;

    public TimeSpan NextAt => _nextBeat < Faults.NextAt ? _nextBeat : Faults.NextAt;

    public long UsedBytes
    {
        get
        {
            var used = _hostBytes;
            var contexts = _hostProcesses;
            foreach (var tenant in _tenants)
            {
                used += tenant.HeldBytes;
                contexts += tenant.HeldBytes > 0 ? 1 : 0;
            }
            return used + contexts * Spec.ContextOverheadBytes;
        }
    }

    public long FreeBytes => Spec.TotalBytes - Spec.ReservedBytes - UsedBytes;

    /// <summary>Seconds in which any kernel ran.</summary>
    public double BusySeconds(TimeSpan now) => _busy.At(now);

    /// <summary>Seconds lost to switching between processes.</summary>
    public double SwitchingSeconds(TimeSpan now) => _switching.At(now);

    public void Add(SimulatedWorkload tenant) => _tenants.Add(tenant);

    /// <summary>Divides the GPU's time among those that have work now. Called whenever that changes.</summary>
    public void Rebalance(TimeSpan now)
    {
        var weights = 0.0;
        var active = 0;
        foreach (var tenant in _tenants)
        {
            if (!tenant.Active)
                continue;
            weights += tenant.Spec.Weight;
            active++;
        }
        var lost = active > 1 ? Spec.SwitchLoss : 0;
        var pull = 0.0;
        foreach (var tenant in _tenants)
        {
            var share = tenant.Active ? tenant.Spec.Weight / weights * (1 - lost) : 0;
            tenant.SetShare(now, share, _body.Clock);
            pull += share * tenant.Spec.Profile.Power;
        }
        _busy.SetRate(now, active > 0 ? 1 : 0);
        _switching.SetRate(now, lost);
        _pull.SetRate(now, pull);
    }

    public void Step(TimeSpan now)
    {
        Faults.Step(now);
        if (_nextBeat > now)
            return;
        var clock = _body.Clock;
        _body.Beat(now, Beat, _pull.At(now), _busy.At(now), Pcie(now));
        _nextBeat += Beat;
        if (_body.Clock != clock)
            Rebalance(now);
    }

    private double Pcie(TimeSpan now)
    {
        var bytes = 0.0;
        foreach (var tenant in _tenants)
            bytes += tenant.ResidentSeconds(now) * tenant.Spec.Profile.PcieBytesPerSecond;
        return bytes;
    }
}
