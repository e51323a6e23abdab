using Headroom.Model;
using Headroom.Policies.Tests;

namespace Headroom.Run.Trials.Situations;

/// <summary>The server of a test, second by second: what its sources would read.</summary>
internal sealed class Situation
{
    /// <summary>It has been like that for long when the test begins: a server is known to be idle after five minutes at the latest.</summary>
    private static readonly TimeSpan Before = TimeSpan.FromMinutes(6);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    /// <summary>Containers run since the day before.</summary>
    private static readonly TimeSpan Age = TimeSpan.FromDays(1);
    private const int FirstPid = 1000;

    private readonly SnapshotAssembly _assembly = new("test");
    private readonly IReadOnlyList<DeclaredGpu> _gpus;
    private readonly ManualTime _time;
    private long _seq;

    public Situation(PolicyTest test, Policy policy)
    {
        _gpus = test.Gpus;
        _time = new ManualTime(test.StartsAt - Before);
        Workloads =
        [
            .. test.Workloads.Select((_, i) => new SituationWorkload(
                [.. test.Steps.Select(step => step.Workloads[i])], [test.Gpus[0].Index], policy.Presets, test.StartsAt - Age, FirstPid + i)),
        ];
        for (var at = TimeSpan.Zero; at < Before; at += Second)
        {
            Scrape();
            Pass();
        }
    }

    public IReadOnlyList<SituationWorkload> Workloads { get; }
    public DateTimeOffset Wall => _time.GetUtcNow();
    public MonoTime Now => _time.Mono();

    public void Declare(IReadOnlyList<DeclaredWorkload> step)
    {
        for (var i = 0; i < step.Count; i++)
            Workloads[i].Declare(step[i], Wall);
    }

    public void Pass() => _time.Advance(Second);

    /// <summary>One second's look at everything.</summary>
    public NodeSnapshot Look(Policy policy, ActState act)
    {
        Scrape();
        var now = Now;
        var gpus = new GpuSweep(new DriverInfo("test", null, null, null), [.. _gpus.Select(gpu => Card(gpu, now))]);
        var containers = new WorkloadSweep(new DockerInfo("test", "1.51", "systemd", "2"), [.. Workloads.Select(w => w.Container)]);
        return _assembly.Assemble(
            ++_seq, Wall, now, Latest<GpuSweep>.Nothing.Success(gpus, now, now), Latest<WorkloadSweep>.Nothing.Success(containers, now, now),
            new LatencySweep(Workloads.Select(w => w.Latency(now)).OfType<WorkloadLatency>().ToDictionary(l => l.InstanceId)), policy, Mode.Enforce,
            new ActivitySweep(Workloads.Where(w => w.Activity(now) is not null).ToDictionary(w => w.Id.InstanceId, w => w.Activity(now)!)), act);
    }

    /// <summary>What could not be: more memory held than there is; null: nothing.</summary>
    public string? Impossible()
    {
        foreach (var gpu in _gpus)
            if (Workloads.Sum(w => w.On(gpu.Index)?.UsedBytes ?? 0) is var held && held > gpu.Bytes)
                return FormattableString.Invariant($"the workloads hold {held >> 20}MiB of GPU {gpu.Index}, which has {gpu.Bytes >> 20}MiB: no such card");
        return null;
    }

    private void Scrape()
    {
        foreach (var workload in Workloads)
            workload.Scrape(Now);
    }

    private GpuSample Card(DeclaredGpu gpu, MonoTime now)
    {
        List<GpuProcess> processes = [.. Workloads.Select(w => w.On(gpu.Index)).OfType<GpuProcess>()];
        var used = Math.Min(gpu.Bytes, processes.Sum(p => p.UsedBytes ?? 0));
        return new GpuSample
        {
            Identity = new GpuIdentity(gpu.Index, FormattableString.Invariant($"GPU-{gpu.Index}"), "test", null, null, null, false),
            Health = GpuHealth.Ok,
            At = now,
            Memory = Reading.Fresh(new GpuMemory(gpu.Bytes, 0, used, gpu.Bytes - used), now),
            Processes = processes,
        };
    }
}
