using Headroom.Cli.Doctor.Checks;
using Headroom.Cli.Doctor.Facts;

namespace Headroom.Cli.Doctor;

/// <summary>Facts -> findings, in the order in which things stand on each other. Pure.</summary>
internal static class Judgement
{
    public static IReadOnlyList<Finding> Of(DoctorFacts facts)
    {
        var workloads = facts.Workloads;
        var onGpu = facts.GpuSamples.SelectMany(g => g.Processes ?? []).Select(p => p.ContainerId).OfType<string>().ToHashSet();
        return
        [
            .. DriverCheck.Of(facts.Gpus),
            .. GpuCheck.Of(facts.Gpus),
            .. PidCheck.Of(facts.Host),
            .. DockerCheck.Of(facts.Docker, facts.Gpus.Sweep is not null),
            .. facts.Docker.Lists ? HealerCheck.Of(workloads) : [],
            .. CgroupCheck.Of(facts.Host.Cgroup, facts.Docker.Info),
            .. RightsCheck.Of(facts.Host),
            .. ClockCheck.Of(facts.Host.ClockSynchronised, facts.Docker.ClockAhead),
            .. facts.Ports.Select(PortCheck.Of),
            .. PolicyCheck.Of(facts.PolicyPath, facts.Policy),
            .. PolicyCheck.Labels(workloads),
            .. CudaCheck.Of(workloads, facts.Gpus.Sweep?.Driver, onGpu),
            .. facts.Injection is { } injection ? InjectionCheck.Of(injection) : [],
            .. SloCheck.Of(workloads, facts.Latency),
        ];
    }
}
