namespace Headroom.Simulate;

/// <summary>Power, heat and clocks of a GPU, once a second.</summary>
internal sealed class GpuBody(GpuSpec spec, TimeSpan midnight)
{
    // nvmlClocksEventReason*: see ThrottleReasons.
    public const ulong IdleBit = 0x1;
    public const ulong PowerCapBit = 0x4;
    public const ulong ThermalBit = 0x20;

    private const double ThermalClock = 0.8;
    private const double RecoveredBelow = 3;
    private const double RoomSwingCelsius = 3;

    private double _pullBefore;
    private double _busyBefore;

    public double Watts { get; private set; } = spec.IdleWatts;
    public double EnergyJoules { get; private set; }
    public double Celsius { get; private set; } = spec.InletCelsius + spec.IdleWatts * spec.DegreesPerWatt;
    public double MemoryCelsius => Celsius + 6;
    /// <summary>Of full clocks, 0..1: how fast work goes.</summary>
    public double Clock { get; private set; } = 1;
    public ulong ThrottleBits { get; private set; } = IdleBit;
    public double PcieBytes { get; private set; }
    public double SmClockHertz => (ThrottleBits & IdleBit) != 0 ? spec.IdleSmClockHertz : spec.SmClockHertz * Clock;

    /// <summary>One step. The arguments are totals since the start.</summary>
    public void Beat(TimeSpan now, TimeSpan step, double pull, double busySeconds, double pcieBytes)
    {
        var asked = spec.IdleWatts + (spec.FullWatts - spec.IdleWatts) * (pull - _pullBefore) / step.TotalSeconds;
        var idle = busySeconds == _busyBefore;
        (_pullBefore, _busyBefore, PcieBytes) = (pull, busySeconds, pcieBytes);

        var hot = (ThrottleBits & ThermalBit) != 0 ? Celsius > spec.SlowdownCelsius - RecoveredBelow : Celsius >= spec.SlowdownCelsius;
        var heatClock = hot ? ThermalClock : 1;
        // Power falls about with the square of the clock, near the top.
        var watts = spec.IdleWatts + (asked - spec.IdleWatts) * heatClock * heatClock;
        var capped = watts > spec.LimitWatts;
        var powerClock = capped ? Math.Sqrt((spec.LimitWatts - spec.IdleWatts) / (watts - spec.IdleWatts)) : 1;

        Watts = Math.Min(watts, spec.LimitWatts);
        EnergyJoules += Watts * step.TotalSeconds;
        Clock = heatClock * powerClock;
        ThrottleBits = (idle ? IdleBit : 0) | (hot ? ThermalBit : 0) | (capped ? PowerCapBit : 0);
        var room = spec.InletCelsius + RoomSwingCelsius * Math.Cos(2 * Math.PI * ((midnight + now).TotalHours - 15) / 24);
        Celsius += (room + Watts * spec.DegreesPerWatt - Celsius) * (1 - Math.Exp(-step / spec.ThermalConstant));
    }
}
