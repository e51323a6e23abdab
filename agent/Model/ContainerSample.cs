namespace Headroom.Model;

/// <summary>All containers of the node, running or not.</summary>
/// <param name="Docker">Null where there is none.</param>
internal sealed record WorkloadSweep(DockerInfo? Docker, IReadOnlyList<ContainerSample> Containers);

/// <param name="EngineVersion">e.g. <c>28.2.2</c>.</param>
/// <param name="ApiVersion">The version that client and daemon agreed on, e.g. <c>1.51</c>.</param>
internal sealed record DockerInfo(string EngineVersion, string ApiVersion, string CgroupDriver, string CgroupVersion);

internal enum ContainerState { Created, Running, Paused, Restarting, Removing, Exited, Dead }

internal enum ContainerHealth { None, Starting, Healthy, Unhealthy }

/// <summary>Which GPUs the container asked Docker for.</summary>
/// <param name="All">Every GPU of the node.</param>
/// <param name="Devices">Indices or UUIDs as written by the user.</param>
internal sealed record GpuRequest(bool All, IReadOnlyList<string> Devices);

/// <summary>A port of the container that the host forwards.</summary>
internal sealed record PublishedPort(int ContainerPort, int HostPort, string HostIp);

/// <summary>One container as Docker tells it, or a process group, which has no image and which only the freezer can hold.</summary>
internal sealed record ContainerSample
{
    public required WorkloadId Id { get; init; }
    /// <summary>Without the leading slash.</summary>
    public required string ContainerName { get; init; }
    /// <summary>As the user wrote it, e.g. <c>vllm/vllm-openai:v0.11.0</c>.</summary>
    public required string Image { get; init; }
    /// <summary>Started by <c>headroom exec</c>: Docker does not know it.</summary>
    public bool IsProcessGroup { get; init; }
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
    public required ContainerState State { get; init; }
    public ContainerHealth Health { get; init; }
    public bool HasHealthCheck { get; init; }
    /// <summary>Host pid of its first process; 0 when it does not run.</summary>
    public int Pid { get; init; }
    public int? ExitCode { get; init; }
    public string? ComposeProject { get; init; }
    public string? ComposeService { get; init; }
    public int? ComposeNumber { get; init; }
    /// <summary>Shares the host's network: its ports are the host's.</summary>
    public bool HostNetwork { get; init; }
    /// <summary>Its own addresses, networks sorted by name; empty on host networking or with none.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];
    public IReadOnlyList<int> ExposedPorts { get; init; } = [];
    public IReadOnlyList<PublishedPort> PublishedPorts { get; init; } = [];
    /// <summary>Entrypoint and command, as started.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];
    /// <summary>Only variables that detection or <c>doctor</c> reads (see <c>KnownVariables</c>): the rest may be secrets and is never kept.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
    /// <summary>Files and folders of the host that it sees: container path -> host path.</summary>
    public IReadOnlyDictionary<string, string> Binds { get; init; } = new Dictionary<string, string>();
    /// <summary>Null when it asked for none.</summary>
    public GpuRequest? Gpus { get; init; }
    /// <summary>Docker restarts it by itself (<c>always</c>, <c>unless-stopped</c>, <c>on-failure</c>).</summary>
    public string RestartPolicy { get; init; } = "no";

    public string Name => Id.Name;
    public bool Runs => State is ContainerState.Running or ContainerState.Paused;
}
