using Headroom.Cli.Doctor.Facts;
using Headroom.Model;
using Headroom.Policies;

namespace Headroom.Cli.Doctor;

/// <summary>Gathers the facts. Changes nothing on the host; whatever does not answer costs its patience and no more.</summary>
internal static class Examination
{
    /// <param name="talk">Told what takes long.</param>
    public static async Task<DoctorFacts> GatherAsync(DoctorOptions options, TimeProvider time, TextWriter talk, CancellationToken stop)
    {
        await talk.WriteLineAsync("headroom: asking the GPU driver and Docker; without persistence mode the driver first wakes each GPU");
        var asked = GpuFacts.ReadAsync(options, time, stop);
        var docker = await DockerFacts.ReadAsync(options, time, stop);
        var gpus = await asked;
        var facts = new DoctorFacts
        {
            Gpus = gpus,
            Docker = docker,
            Host = HostFacts.Read(options.Directories, gpus.Sweep, CgroupFacts.Read(docker.Containers)),
            Ports = [.. Ports(options)],
            PolicyPath = options.PolicyPath,
            Policy = PolicyLoader.Load(options.PolicyPath),
            Injection = await InjectionFacts.ReadAsync(options, docker.Containers, time, stop),
        };
        var targets = facts.Workloads
            .Where(w => w.Policy.Slos.Count > 0 && w.Container.State == ContainerState.Running)
            .Select(w => new LatencyTarget(w.Container, w.Policy.Metrics, w.Policy.Ports, Protected: true))
            .ToList();
        if (targets.Count > 0)
            await talk.WriteLineAsync($"headroom: reading the latency of {Figures.Count(targets.Count, "workload")} with an SLO");
        var presets = (facts.Policy.Policy ?? PolicyLoader.None).Presets;
        return facts with { Latency = await LatencyFacts.ReadAsync(targets, presets, options.LatencyPatience, time, stop) };
    }

    private static IEnumerable<PortFacts> Ports(DoctorOptions options)
    {
        yield return PortFacts.Read("metrics", "--metrics-listen", options.MetricsListen);
        if (options.ControlListen is { } control)
            yield return PortFacts.Read("the control API", "--control-listen", control);
        if (options.WebhookListen is { } webhook)
            yield return PortFacts.Read("alerts", "--webhook-listen", webhook);
    }
}
