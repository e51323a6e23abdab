using System.Net;
using Headroom.Export.Api.Web;
using Headroom.Model;

namespace Headroom.Run;

/// <summary>Settings of <c>headroom run</c>: each a flag, or <c>HEADROOM_…</c> in the environment; the flag wins.</summary>
internal sealed record AgentOptions
{
    /// <summary>Policy file, or a folder of <c>*.yaml</c> that make one policy; null: labels only.</summary>
    public string? PolicyPath { get; init; }
    /// <summary>The most that the agent may do, whatever the policy says. Without the flag the policy decides, and without a policy it is observe.</summary>
    public Mode Mode { get; init; } = Mode.Enforce;
    /// <summary>Serve a simulated GPU server instead of this one.</summary>
    public bool Simulate { get; init; }
    public int SimulationSeed { get; init; } = 1;
    /// <summary>Simulated seconds a second.</summary>
    public double SimulationSpeed { get; init; } = 1;
    public IPEndPoint MetricsListen { get; init; } = new(IPAddress.Any, 9484);
    /// <summary>The control API over TCP, always with a token; null: off.</summary>
    public IPEndPoint? ControlListen { get; init; } = new(IPAddress.Loopback, 9485);
    /// <summary>Alerts only, always with a token; null: off.</summary>
    public IPEndPoint? WebhookListen { get; init; }
    /// <summary>Alerts must be signed with what stands in it; null: the token is enough.</summary>
    public string? WebhookSecretFile { get; init; }
    /// <summary>TLS, users and headers of the TCP listeners; null: plain.</summary>
    public WebConfig? Web { get; init; }
    /// <summary>The Docker daemon; default <c>unix:///var/run/docker.sock</c>.</summary>
    public Uri? Docker { get; init; }
    /// <summary>There is no Docker here: only process groups are watched and held.</summary>
    public bool NoDocker { get; init; }
    /// <summary>An NVML library instead of the driver's.</summary>
    public string? NvmlLibrary { get; init; }
    public required AgentDirectories Directories { get; init; }
    /// <summary>From tick to tick, 100 ms at least.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromSeconds(1);
    /// <summary>Without a completed tick for so long the guard ends the agent and gives back what it holds; three ticks at least.</summary>
    public TimeSpan GuardLease { get; init; } = TimeSpan.FromSeconds(5);
    /// <summary>Also export the GPU readings under the names of dcgm-exporter.</summary>
    public bool DcgmNames { get; init; }
}
