using Headroom.Model;

namespace Headroom.Observe.Latency;

/// <summary>A preset that may fit a container, and where it may be asked.</summary>
/// <param name="Ports">In the order in which to try them; may be empty when nothing tells one.</param>
/// <param name="Paths">In the order in which to try them: the preset's own, or the one that the container's label names.</param>
/// <param name="Why">In words, e.g. <c>image vllm/vllm-openai</c>.</param>
/// <param name="Guess">Nothing says that it is this server: use it only if the answer shows the preset's names (<see cref="PresetSniffer"/>).
/// Otherwise an answer without them, even an empty one, is a server that was not used yet.</param>
internal sealed record PresetCandidate(Preset Preset, IReadOnlyList<int> Ports, IReadOnlyList<string> Paths, string Why, bool Guess = false);

/// <summary>Which presets a container may be read by, from what Docker tells of it: image, then command line and environment, then,
/// when these say nothing, any Prometheus preset on the ports that it exposes. Pure; asks nobody. Some servers act on a GET, so it names
/// no path that neither a preset nor the container's owner named.</summary>
internal static class PresetDetector
{
    public static IReadOnlyList<PresetCandidate> Candidates(ContainerSample container, IReadOnlyList<Preset> presets)
    {
        var repository = ImageName.Repository(container.Image);
        var words = new CommandWords(container.Command);
        var ordered = presets.OrderBy(PresetOrder.ByContainer).ToList();
        var candidates = new List<PresetCandidate>();
        foreach (var preset in ordered)
        {
            if (preset.Detect.Images.FirstOrDefault(i => ImageName.Matches(repository, i)) is { } image)
                candidates.Add(Known(container, preset, $"image {image}"));
        }
        foreach (var preset in ordered)
        {
            if (candidates.Exists(c => ReferenceEquals(c.Preset, preset)))
                continue;
            if (preset.Detect.Argv.FirstOrDefault(words.Has) is { } word)
                candidates.Add(Known(container, preset, $"command line has {word}"));
            else if (preset.Detect.Env.Select(e => Variable(container, e)).FirstOrDefault(v => v is not null) is { } variable)
                candidates.Add(Known(container, preset, $"environment has {variable}"));
        }
        return candidates.Count > 0 ? candidates : Guesses(container, presets);
    }

    /// <summary>Ports that label, command line or environment say are the container's. A flag overrules the environment, which often only holds
    /// the image's default: on the host's network that port may be another server's.</summary>
    public static IReadOnlyList<int> ToldPorts(ContainerSample container, Preset preset)
    {
        if (ScrapeLabels.Of(container).Port is { } labelled)
            return [labelled];
        var words = new CommandWords(container.Command);
        int[] flagged = [.. preset.Detect.PortFlags.Where(flag => flag.StartsWith('-')).SelectMany(flag => words.Ports(flag).Take(1))];
        return flagged.Length > 0 ? flagged :
        [
            .. preset.Detect.PortFlags.Select(name => container.Environment.TryGetValue(name, out var value) ? CommandWords.Port(value) : null).OfType<int>(),
        ];
    }

    private static PresetCandidate Known(ContainerSample container, Preset preset, string why)
    {
        var labelled = ScrapeLabels.Of(container);
        var told = ToldPorts(container, preset);
        // A port that was told is the port: on the host's network another one may be another server's.
        var ports = told.Count > 0 ? told : container.HostNetwork ? preset.Ports : [.. preset.Ports, .. OwnPorts(container)];
        return new PresetCandidate(preset, [.. ports.Distinct()], Paths(preset, labelled), why);
    }

    private static List<PresetCandidate> Guesses(ContainerSample container, IReadOnlyList<Preset> presets)
    {
        var labelled = ScrapeLabels.Of(container);
        var own = labelled.Port is { } port ? [port] : OwnPorts(container);
        var guesses = new List<PresetCandidate>();
        foreach (var preset in presets.OrderBy(PresetOrder.ByNames))
        {
            // JSON answers have no names to know them by: only where the port fits too.
            IReadOnlyList<int> ports = preset.Format == PresetFormat.Json ? [.. own.Intersect(preset.Ports)]
                : own.Count > 0 || container.HostNetwork ? own
                : preset.Ports;
            if (ports.Count > 0)
                guesses.Add(new PresetCandidate(preset, ports, Paths(preset, labelled), "nothing tells what it is: tried", Guess: true));
        }
        return guesses;
    }

    private static IReadOnlyList<string> Paths(Preset preset, ScrapeLabels labelled) =>
        labelled.Path is { } path && preset.Format == PresetFormat.Prometheus ? [path] : preset.Paths;

    private static List<int> OwnPorts(ContainerSample container) =>
        [.. container.ExposedPorts.Concat(container.PublishedPorts.Select(p => p.ContainerPort)).Distinct()];

    private static string? Variable(ContainerSample container, string pattern) =>
        pattern.EndsWith('*')
            ? container.Environment.Keys.Order(StringComparer.Ordinal).FirstOrDefault(k => k.StartsWith(pattern[..^1], StringComparison.Ordinal))
            : container.Environment.ContainsKey(pattern) ? pattern : null;
}
