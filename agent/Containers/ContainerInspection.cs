using System.Globalization;
using Docker.DotNet.Models;
using Headroom.Model;
using ContainerState = Headroom.Model.ContainerState;

namespace Headroom.Containers;

/// <summary>Docker's answer about one container -> <see cref="ContainerSample"/>, all but the workload's name. Pure.</summary>
internal static class ContainerInspection
{
    public static ContainerSample ToSample(ContainerInspectResponse c)
    {
        var labels = (IReadOnlyDictionary<string, string>?)c.Config?.Labels?.ToDictionary() ?? new Dictionary<string, string>();
        var environment = KnownVariables.Keep(c.Config?.Env ?? []);
        var name = c.Name?.TrimStart('/') ?? WorkloadId.Short(c.ID);
        var networks = (c.NetworkSettings?.Networks ?? new Dictionary<string, EndpointSettings>()).OrderBy(n => n.Key, StringComparer.Ordinal);
        return new ContainerSample
        {
            Id = new WorkloadId(name, c.ID, Time(c.State?.StartedAt)),
            ContainerName = name,
            Image = c.Config?.Image ?? c.Image ?? "",
            Labels = labels,
            State = State(c.State?.Status),
            Health = Health(c.State?.Health?.Status),
            HasHealthCheck = c.Config?.Healthcheck?.Test is { Count: > 0 } test && test[0] != "NONE",
            Pid = (int)(c.State?.Pid ?? 0),
            ExitCode = c.State is { Status: "exited" or "dead" } ended ? (int)ended.ExitCode : null,
            ComposeProject = labels.GetValueOrDefault("com.docker.compose.project"),
            ComposeService = labels.GetValueOrDefault("com.docker.compose.service"),
            ComposeNumber = int.TryParse(labels.GetValueOrDefault("com.docker.compose.container-number"), CultureInfo.InvariantCulture, out var n) ? n : null,
            HostNetwork = c.HostConfig?.NetworkMode == "host",
            Addresses = [.. networks.Select(e => Address(e.Value)).OfType<string>()],
            ExposedPorts = Ports(c),
            PublishedPorts = Published(c),
            Command = CommandLineRedaction.Redact([.. c.Config?.Entrypoint ?? [], .. c.Config?.Cmd ?? []]),
            Environment = environment,
            Binds = (c.Mounts ?? []).Where(m => m.Type == "bind" && m.Destination is not null && m.Source is not null)
                .GroupBy(m => m.Destination).ToDictionary(g => g.Key, g => g.Last().Source),
            Gpus = Gpus(c.HostConfig, environment),
            RestartPolicy = RestartPolicyWord(c.HostConfig?.RestartPolicy?.Name),
        };
    }

    /// <summary>The container whose network this one shares (<c>--network container:ID</c>); null for its own.</summary>
    public static string? SharesNetworkOf(ContainerInspectResponse c) =>
        c.HostConfig?.NetworkMode is { } mode && mode.StartsWith("container:", StringComparison.Ordinal) ? mode["container:".Length..] : null;

    public static bool IsOneOff(ContainerSample c) =>
        string.Equals(c.Labels.GetValueOrDefault("com.docker.compose.oneoff"), "true", StringComparison.OrdinalIgnoreCase);

    private static DateTimeOffset Time(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : DateTimeOffset.MinValue;

    // Docker says "running" with Paused set on old engines, "paused" on all that matter.
    private static ContainerState State(string? status) => status switch
    {
        "running" => ContainerState.Running,
        "paused" => ContainerState.Paused,
        "restarting" => ContainerState.Restarting,
        "removing" => ContainerState.Removing,
        "exited" => ContainerState.Exited,
        "dead" => ContainerState.Dead,
        _ => ContainerState.Created,
    };

    private static ContainerHealth Health(string? status) => status switch
    {
        "starting" => ContainerHealth.Starting,
        "healthy" => ContainerHealth.Healthy,
        "unhealthy" => ContainerHealth.Unhealthy,
        _ => ContainerHealth.None,
    };

    private static string? Address(EndpointSettings endpoint) =>
        !string.IsNullOrEmpty(endpoint.IPAddress) ? endpoint.IPAddress
        : !string.IsNullOrEmpty(endpoint.GlobalIPv6Address) ? endpoint.GlobalIPv6Address
        : null;

    private static List<int> Ports(ContainerInspectResponse c) =>
        [.. (c.Config?.ExposedPorts?.Keys ?? []).Concat(c.NetworkSettings?.Ports?.Keys ?? []).Select(TcpPort).OfType<int>().Distinct().Order()];

    private static List<PublishedPort> Published(ContainerInspectResponse c)
    {
        var published = new List<PublishedPort>();
        foreach (var (port, bindings) in c.NetworkSettings?.Ports ?? new Dictionary<string, IList<PortBinding>>())
            if (TcpPort(port) is { } containerPort)
                foreach (var binding in bindings ?? [])
                    if (int.TryParse(binding.HostPort, CultureInfo.InvariantCulture, out var hostPort))
                        published.Add(new PublishedPort(containerPort, hostPort, binding.HostIP ?? ""));
        return published;
    }

    // "8000/tcp"; UDP serves no HTTP.
    private static int? TcpPort(string port)
    {
        var slash = port.IndexOf('/');
        var number = slash < 0 ? port : port[..slash];
        return (slash < 0 || port.AsSpan(slash + 1) is "tcp") && int.TryParse(number, CultureInfo.InvariantCulture, out var value) ? value : null;
    }

    private static GpuRequest? Gpus(HostConfig? host, IReadOnlyDictionary<string, string> environment)
    {
        foreach (var request in host?.DeviceRequests ?? [])
        {
            var devices = request.DeviceIDs ?? [];
            var isCdi = devices.Any(d => d.StartsWith("nvidia.com/gpu", StringComparison.Ordinal));
            if (!isCdi && request.Driver != "nvidia" && !(request.Capabilities ?? []).Any(set => set?.Contains("gpu") == true))
                continue;
            string[] names = [.. devices.Select(d => d[(d.IndexOf('=') + 1)..])];
            // A count without ids is Docker's own choice among the cards, which inspect does not tell.
            return new GpuRequest(request.Count == -1 || names.Contains("all"), [.. names.Where(n => n != "all")]);
        }
        // The older way: the nvidia runtime reads this variable. CUDA images set it to "all" themselves, so it counts only with the runtime.
        if (host?.Runtime == "nvidia" && environment.TryGetValue("NVIDIA_VISIBLE_DEVICES", out var visible) && visible is not ("" or "void" or "none"))
            return visible == "all" ? new GpuRequest(true, []) : new GpuRequest(false, visible.Split(',', StringSplitOptions.TrimEntries));
        string[] nodes = [.. (host?.Devices ?? []).Select(d => d.PathOnHost ?? "").Where(IsGpuNode).Select(d => d["/dev/nvidia".Length..])];
        return nodes.Length > 0 ? new GpuRequest(false, nodes) : null;
    }

    private static bool IsGpuNode(string path) =>
        path.StartsWith("/dev/nvidia", StringComparison.Ordinal) && int.TryParse(path.AsSpan("/dev/nvidia".Length), CultureInfo.InvariantCulture, out _);

    private static string RestartPolicyWord(RestartPolicyKind? kind) => kind switch
    {
        RestartPolicyKind.Always => "always",
        RestartPolicyKind.UnlessStopped => "unless-stopped",
        RestartPolicyKind.OnFailure => "on-failure",
        _ => "no",
    };
}
