using Headroom.Model;

namespace Headroom.Simulate;

/// <summary>The simulated containers, as Docker would tell of them.</summary>
internal sealed class SimulatedWorkloadSource(SimulatedNode node) : IWorkloadSource
{
    private static readonly DockerInfo Docker = new("28.3.3", "1.51", "systemd", "2");

    private readonly LatestCell<WorkloadSweep> _latest = new();

    public Latest<WorkloadSweep> Latest => _latest.Value;

    public Task RunAsync(CancellationToken stop) => node.RepeatAsync(() => Sweep(), stop);

    /// <summary>Lists all containers once and publishes.</summary>
    public WorkloadSweep Sweep() => node.Look((world, now) =>
    {
        var sweep = new WorkloadSweep(Docker, [.. world.Workloads.Select(Describe)]);
        _latest.Value = _latest.Value.Success(sweep, now.Host, now.Host);
        return sweep;
    });

    private ContainerSample Describe(SimulatedWorkload workload)
    {
        var spec = workload.Spec.Container;
        var labels = new Dictionary<string, string>(spec.Labels);
        if (spec.ComposeProject is { } project)
        {
            labels["com.docker.compose.project"] = project;
            labels["com.docker.compose.service"] = workload.Name;
            labels["com.docker.compose.container-number"] = "1";
        }
        return new ContainerSample
        {
            Id = node.IdOf(workload),
            ContainerName = spec.ComposeProject is null ? workload.Name : $"{spec.ComposeProject}-{workload.Name}-1",
            Image = spec.Image,
            Labels = labels,
            State = workload.Alive ? ContainerState.Running : workload.WillRestart ? ContainerState.Restarting : ContainerState.Exited,
            Health = !spec.HasHealthCheck || !workload.Alive ? ContainerHealth.None : workload.Ready ? ContainerHealth.Healthy : ContainerHealth.Starting,
            HasHealthCheck = spec.HasHealthCheck,
            Pid = workload.Pid,
            ExitCode = workload.ExitCode,
            ComposeProject = spec.ComposeProject,
            ComposeService = spec.ComposeProject is null ? null : workload.Name,
            ComposeNumber = spec.ComposeProject is null ? null : 1,
            Addresses = workload.Alive && spec.Address is { } address ? [address] : [],
            ExposedPorts = spec.Ports,
            PublishedPorts = spec.PublishedPorts,
            Command = spec.Command,
            Environment = spec.Environment,
            Gpus = new GpuRequest(All: false, [$"{workload.Spec.Gpu}"]),
            RestartPolicy = spec.RestartPolicy,
        };
    }
}
