using Headroom.Containers;
using Headroom.Model;

namespace Headroom.Observe.Latency.Sources;

internal enum Certainty
{
    /// <summary>Used only if the page shows the preset's names.</summary>
    Guess,
    /// <summary>The container's image or command line says so.</summary>
    Known,
    /// <summary>The user says so.</summary>
    Named,
}

/// <summary>One address to ask.</summary>
internal sealed record EndpointTry(Preset Preset, int Port, string Path, Certainty Certainty);

/// <summary>Where a container may be asked, in order. Pure. Nothing is ever asked that is not in here.</summary>
internal static class EndpointPlan
{
    /// <exception cref="EndpointException">Nothing may be asked, or the settings make no sense; says what to set.</exception>
    public static IReadOnlyList<EndpointTry> Of(LatencyTarget target, IReadOnlyList<Preset> presets)
    {
        var (container, metrics) = (target.Container, target.Metrics);
        List<EndpointTry> tries = metrics?.Preset is { } name
            ? [.. Named(target, presets.FirstOrDefault(preset => preset.Name == name) ?? throw Unknown(name, presets))]
            : [.. Detected(target, presets)];
        if (container.HostNetwork)
            // There a port may belong to any server of the host: TGI and TEI both open 9000 beside their own.
            tries.RemoveAll(tried => !IsTold(target, tried.Preset, tried.Port));
        if (tries.Count == 0)
            throw new EndpointException(EndpointFault.Settings, container.HostNetwork
                ? "it shares the host's network, where ports are not guessed: name its port with `headroom.metrics.port` or in the policy"
                : "nothing tells what server it is: name it with `headroom.metrics` and `headroom.metrics.port` or in the policy");
        return [.. tries.Distinct()];
    }

    private static IEnumerable<EndpointTry> Named(LatencyTarget target, Preset preset)
    {
        var container = target.Container;
        var known = PresetDetector.Candidates(container, [preset]).FirstOrDefault(candidate => !candidate.Guess);
        var ports = known?.Ports ?? (PresetDetector.ToldPorts(container, preset) is [_, ..] told ? told : [.. preset.Ports, .. container.ExposedPorts]);
        return Tries(target, preset, ports, known?.Paths ?? ScrapeLabels.Of(container).Path switch { { } path => [path], _ => preset.Paths }, Certainty.Named);
    }

    private static IEnumerable<EndpointTry> Detected(LatencyTarget target, IReadOnlyList<Preset> presets)
    {
        var (container, metrics) = (target.Container, target.Metrics);
        var labelled = ScrapeLabels.Of(container);
        var scrape = container.Labels.GetValueOrDefault("prometheus.io/scrape")?.ToLowerInvariant();
        if (metrics is null && scrape is "false" or "no" or "0")
            throw new EndpointException(EndpointFault.Settings,
                "its label prometheus.io/scrape says not to: name its metrics with `headroom.metrics.port` or in the policy if it may be read");

        var candidates = PresetDetector.Candidates(container, presets);
        if (candidates is [{ Guess: false }, ..])
            return candidates.SelectMany(candidate => Tries(target, candidate.Preset, candidate.Ports, candidate.Paths, Certainty.Known));

        // Without a sign that someone wants it read it may be anything, a database for one: no business of ours.
        if (metrics is null && scrape is null && labelled.Port is null && target.Ports.Count == 0 && container.Gpus is null && !target.Protected)
            return [];
        var guesses = candidates.SelectMany(candidate => Tries(target, candidate.Preset, candidate.Ports, candidate.Paths, Certainty.Guess));
        // Last, where servers usually are: images built on a framework's own often expose nothing or something else.
        var usual = presets.OrderBy(preset => preset.Format).SelectMany(preset => Tries(
            target, preset, container.Gpus is not null && labelled.Port is null ? preset.Ports : [], labelled.Path is { } path ? [path] : preset.Paths, Certainty.Guess));
        return guesses.Concat(usual);
    }

    private static IEnumerable<EndpointTry> Tries(
        LatencyTarget target, Preset preset, IReadOnlyList<int> ports, IReadOnlyList<string> paths, Certainty certainty)
    {
        // Most servers show their metrics where they take requests.
        if (target.Metrics?.Port is { } port)
            ports = [port];
        else if (preset.Format == PresetFormat.Prometheus)
            ports = [.. target.Ports, .. ports];
        if (target.Metrics?.Path is { } path)
            paths = [path];
        return from p in ports from q in paths select new EndpointTry(preset, p, q, certainty);
    }

    private static bool IsTold(LatencyTarget target, Preset preset, int port) =>
        target.Metrics?.Port == port || target.Ports.Contains(port) || PresetDetector.ToldPorts(target.Container, preset).Contains(port);

    private static EndpointException Unknown(string name, IReadOnlyList<Preset> presets) => new(EndpointFault.Settings,
        $"there is no preset `{name}`: it must be one of {string.Join(", ", presets.Select(preset => preset.Name).Order(StringComparer.Ordinal))}");
}
