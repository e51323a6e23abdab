using Headroom.Model;
using Headroom.Policies;

namespace Headroom.Cli.Doctor.Facts;

/// <summary>All that the checks judge. Gathered first, so that judging is pure and nothing waits in it.</summary>
internal sealed record DoctorFacts
{
    public required GpuFacts Gpus { get; init; }
    public required DockerFacts Docker { get; init; }
    public required HostFacts Host { get; init; }
    /// <summary>One for each listener that is on.</summary>
    public required IReadOnlyList<PortFacts> Ports { get; init; }
    public string? PolicyPath { get; init; }
    public required PolicyResult Policy { get; init; }
    /// <summary>Of the running workloads with an SLO, by container id.</summary>
    public IReadOnlyDictionary<string, WorkloadLatency> Latency { get; init; } = new Dictionary<string, WorkloadLatency>();
    /// <summary>Null: not looked at.</summary>
    public InjectionFacts? Injection { get; init; }

    public IReadOnlyList<GpuSample> GpuSamples => Gpus.Sweep?.Gpus ?? [];

    /// <summary>A policy with mistakes counts as none: so does the agent treat it.</summary>
    public IReadOnlyList<Classified> Workloads =>
        [.. Docker.Containers.Select(c => new Classified(c, Classifier.Classify(c, Policy.Policy ?? PolicyLoader.None)))];
}

/// <summary>A container with what holds for it.</summary>
internal sealed record Classified(ContainerSample Container, WorkloadPolicy Policy)
{
    public string Name => Container.Name;
}
