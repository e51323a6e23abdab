using Headroom.Model;

namespace Headroom.Simulate;

/// <summary>Makes readings of one simulated GPU. Shares of time are over the time since the reading before.</summary>
internal sealed class GpuReader(SimulatedGpu gpu, SimulatedNode node)
{
    private readonly GpuIdentity _identity = new(
        gpu.Index, gpu.Uuid, gpu.Spec.Name, gpu.Spec.PciBusId, gpu.Spec.Architecture, gpu.Spec.ComputeCapability, MigEnabled: false);
    private readonly Window _busy = new();
    private readonly Window _switching = new();
    private readonly Dictionary<string, Window> _resident = gpu.Tenants.ToDictionary(tenant => tenant.Name, _ => new Window());

    public GpuSample Read(SimulatedNow now)
    {
        var shares = gpu.Tenants.ToDictionary(tenant => tenant, tenant => _resident[tenant.Name].Share(now.Elapsed, tenant.ResidentSeconds(now.Elapsed)));
        double Sum(Func<GpuProfile, double> part) => Math.Min(1, shares.Sum(share => share.Value * part(share.Key.Spec.Profile)));

        var at = now.Host;
        var busy = _busy.Share(now.Elapsed, gpu.BusySeconds(now.Elapsed));
        var switching = _switching.Share(now.Elapsed, gpu.SwitchingSeconds(now.Elapsed));
        var spec = gpu.Spec;
        return new GpuSample
        {
            Identity = _identity,
            Health = GpuHealth.Ok,
            At = at,
            Memory = Reading.Fresh(new GpuMemory(spec.TotalBytes, spec.ReservedBytes, gpu.UsedBytes, gpu.FreeBytes), at),
            Activity = new GpuActivity
            {
                Utilization = Share(busy, at),
                MemoryUtilization = Share(Sum(profile => profile.Dram), at),
                Encoder = Reading.Idle(0.0, at),
                Decoder = Reading.Idle(0.0, at),
                Gpm = spec.HasGpm
                    ? new GpmSample
                    {
                        SmActive = Share(Sum(profile => profile.SmActive), at),
                        SmOccupancy = Share(Sum(profile => profile.Occupancy), at),
                        TensorActive = Share(Sum(profile => profile.Tensor), at),
                        DramBandwidth = Share(Sum(profile => profile.Dram), at),
                        ContextSwitch = Share(switching, at),
                    }
                    : WithoutGpm(at),
            },
            Power = Power(gpu.Body, spec, at),
            Thermal = Thermal(gpu.Body, spec, at),
            Reliability = Reliability(gpu.Faults, at),
            Links = Links(gpu.Body, spec, at),
            Processes = [.. Processes(shares)],
        };
    }

    private IEnumerable<GpuProcess> Processes(Dictionary<SimulatedWorkload, double> shares)
    {
        foreach (var (tenant, share) in shares)
            if (tenant.Alive)
                yield return new GpuProcess(
                    tenant.Pid, GpuProcessKinds.Compute, tenant.HeldBytes, new ProcessUse(share, share * tenant.Spec.Profile.Dram, 0, 0),
                    tenant.InstanceId, tenant.Spec.Container.ProcessName, null);
        foreach (var process in gpu.HostProcesses)
            yield return new GpuProcess(process.Pid, GpuProcessKinds.Compute, process.UsedBytes, default(ProcessUse), null, process.Command, null);
    }

    private GpuReliability Reliability(GpuFaults faults, MonoTime at) => new()
    {
        EccCorrected = Reading.Fresh(faults.EccCorrected, at),
        EccUncorrected = Reading.Fresh(0L, at),
        EccCorrectedLifetime = Reading.Fresh(faults.EccCorrected, at),
        EccUncorrectedLifetime = Reading.Fresh(0L, at),
        RemappedRowsCorrectable = Reading.Fresh(0L, at),
        RemappedRowsUncorrectable = Reading.Fresh(0L, at),
        RemapPending = Reading.Fresh(0, at),
        RemapFailed = Reading.Fresh(0, at),
        PcieReplays = Reading.Fresh(0L, at),
        RecoveryAction = Reading.Fresh(0, at),
        Xids = faults.XidCount > 0 ? [new XidCount(GpuFaults.Xid, faults.XidCount, node.HostWall(faults.LastXidAt))] : [],
    };

    private static GpuPower Power(GpuBody body, GpuSpec spec, MonoTime at) => new()
    {
        Watts = Reading.Fresh(body.Watts, at),
        LimitWatts = Reading.Fresh(spec.LimitWatts, at),
        EnergyJoules = Reading.Fresh(body.EnergyJoules, at),
        SmClockHertz = Reading.Fresh(body.SmClockHertz, at),
        MemoryClockHertz = Reading.Fresh(spec.MemoryClockHertz, at),
        PerformanceState = Reading.Fresh(0, at),
    };

    private static GpuThermal Thermal(GpuBody body, GpuSpec spec, MonoTime at) => new()
    {
        Celsius = Reading.Fresh(body.Celsius, at),
        MemoryCelsius = Reading.Fresh(body.MemoryCelsius, at),
        MarginCelsius = Reading.Fresh(Math.Max(0, spec.SlowdownCelsius - body.Celsius), at),
        // Passive cards, cooled by the server.
        FanRatio = Reading.Unsupported<double>(at),
        ThrottleReasonBits = Reading.Fresh(body.ThrottleBits, at),
    };

    private static GpuLinks Links(GpuBody body, GpuSpec spec, MonoTime at) => new()
    {
        // Inputs are larger than answers.
        PcieReceiveBytes = Reading.Fresh((long)(body.PcieBytes * 0.8), at),
        PcieTransmitBytes = Reading.Fresh((long)(body.PcieBytes * 0.2), at),
        PcieGeneration = Reading.Fresh(spec.PcieGeneration, at),
        PcieWidth = Reading.Fresh(16, at),
        NvLinkReceiveBytes = Reading.Unsupported<long>(at),
        NvLinkTransmitBytes = Reading.Unsupported<long>(at),
    };

    private static GpmSample WithoutGpm(MonoTime at) => new()
    {
        SmActive = Reading.Unsupported<double>(at),
        SmOccupancy = Reading.Unsupported<double>(at),
        TensorActive = Reading.Unsupported<double>(at),
        DramBandwidth = Reading.Unsupported<double>(at),
        ContextSwitch = Reading.Unsupported<double>(at),
    };

    private static Reading<double> Share(double share, MonoTime at) => share > 0 ? Reading.Fresh(share, at) : Reading.Idle(0.0, at);

    /// <summary>The growth of a total over the time since it was last asked for.</summary>
    private sealed class Window
    {
        private TimeSpan _since;
        private double _total;
        private double _share;

        public double Share(TimeSpan now, double total)
        {
            // Two looks at one moment: the second would see nothing.
            if (now > _since)
                _share = Math.Clamp((total - _total) / (now - _since).TotalSeconds, 0, 1);
            (_since, _total) = (now, total);
            return _share;
        }
    }
}
