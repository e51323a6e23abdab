using Headroom.Model;
using Headroom.Observe.Latency;

namespace Headroom.Observe.Activity;

/// <summary>Where a server's requests arrive. Pure.</summary>
/// <param name="Ports">Empty: nothing tells.</param>
/// <param name="Why">Then: why, and what to set.</param>
internal sealed record ActivityPorts(IReadOnlyList<int> Ports, string? Why = null)
{
    // Servers whose metrics have a port of their own, which is what their preset names, and those that also answer gRPC elsewhere. Flag or variable, and the port without it.
    // Triton: docs/protocol; TorchServe: docs/configuration.md; MLServer: docs/reference/settings; TensorFlow Serving: serving_config; Ray: serve.http_options; OpenVINO: ovms docs/parameters.md.
    private static readonly Dictionary<string, (string? Name, int? Port)[]> Own = new()
    {
        ["triton"] = [("--http-port", 8000), ("--grpc-port", 8001)],
        ["torchserve"] = [("TS_INFERENCE_ADDRESS", 8080), ("TS_GRPC_INFERENCE_PORT", 7070)],
        ["mlserver"] = [("MLSERVER_HTTP_PORT", 8080), ("MLSERVER_GRPC_PORT", 8081)],
        ["tensorflow-serving"] = [("--rest_api_port", 8501), ("--port", 8500)],
        ["ray-serve"] = [(null, 8000)],
        ["dynamo"] = [("--http-port", 8000)],
        ["openvino"] = [("--rest_port", 8000), ("--port", 9000)],
        ["litellm"] = [("--port", 4000)],
        ["kserve"] = [("--http_port", 8080), ("--grpc_port", 8081)],
        ["xinference"] = [("--port", 9997)],
    };

    public static ActivityPorts Of(ActivityTarget target, IReadOnlyList<Preset> presets)
    {
        if (target.Ports.Count > 0)
            return new ActivityPorts(Few(target.Ports));
        var container = target.Container;
        if (presets.FirstOrDefault(p => p.Name == target.Preset) is { } preset && OfPreset(container, preset) is { Count: > 0 } known)
            return new ActivityPorts(Few(known));
        var exposed = container.ExposedPorts.Concat(container.PublishedPorts.Select(p => p.ContainerPort)).Distinct().ToList();
        // Whoever scrapes the port that a label names is no request, as long as another one is left for those.
        if (exposed.Count > 1 && ScrapeLabels.Of(container).Port is { } metrics)
            exposed.Remove(metrics);
        return exposed.Count > 0
            ? new ActivityPorts(Few(exposed))
            : new ActivityPorts([], "nothing tells on which port its requests arrive: set `ports:` of the workload in the policy, or the label headroom.ports");
    }

    private static IReadOnlyList<int> OfPreset(ContainerSample container, Preset preset)
    {
        if (Own.TryGetValue(preset.Name, out var own))
            return [.. own.Select(o => Told(container, o.Name) ?? o.Port).OfType<int>()];
        var told = preset.Detect.PortFlags.Select(flag => Told(container, flag)).OfType<int>().Take(1).ToList();
        return told.Count > 0 ? told : preset.Ports;
    }

    // A flag of the command line, or a variable.
    private static int? Told(ContainerSample container, string? name) =>
        name is null ? null
        : name.StartsWith('-') ? new CommandWords(container.Command).Ports(name).Select(p => (int?)p).FirstOrDefault()
        : container.Environment.TryGetValue(name, out var value) ? CommandWords.Port(value) : null;

    private static IReadOnlyList<int> Few(IEnumerable<int> ports) => [.. ports.Distinct().Take(Interop.Linux.PacketFilter.MostPorts)];
}
