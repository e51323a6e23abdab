using System.Net;
using Headroom.Run;

namespace Headroom.Cli.Doctor;

/// <summary>What <c>run</c> would be started with, and how long to wait for what may never answer.</summary>
internal sealed record DoctorOptions
{
    public string? PolicyPath { get; init; }
    public required Uri Docker { get; init; }
    /// <inheritdoc cref="AgentOptions.NoDocker"/>
    public bool NoDocker { get; init; }
    public string? NvmlLibrary { get; init; }
    public required IPEndPoint MetricsListen { get; init; }
    /// <summary>Null: off.</summary>
    public IPEndPoint? ControlListen { get; init; }
    /// <summary>Null: off.</summary>
    public IPEndPoint? WebhookListen { get; init; }
    public required AgentDirectories Directories { get; init; }
    /// <summary>Without persistence mode the driver first wakes each GPU, which takes seconds; past 30 s the source calls a GPU hung.</summary>
    public TimeSpan GpuPatience { get; init; } = TimeSpan.FromSeconds(35);
    public TimeSpan ProbePatience { get; init; } = TimeSpan.FromSeconds(5);
    public TimeSpan DockerPatience { get; init; } = TimeSpan.FromSeconds(10);
    public TimeSpan LatencyPatience { get; init; } = TimeSpan.FromSeconds(5);
}
