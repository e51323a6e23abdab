using Headroom.Cli.Doctor;
using Headroom.Cli.Doctor.Facts;
using Headroom.Cli.Inject.Compose;
using Headroom.Model;
using Headroom.Pages;
using Headroom.Run;

namespace Headroom.Cli.Inject;

/// <summary><c>inject --list</c>: who carries the preload, and how to be rid of it.</summary>
internal static class InjectList
{
    /// <summary>Exit code: 0 a list, be it empty; 1 Docker does not answer.</summary>
    public static async Task<int> RunAsync(DoctorOptions options, TextWriter output, TextWriter talk, TimeProvider time, CancellationToken stop)
    {
        var docker = await DockerFacts.ReadAsync(options, time, stop);
        if (!docker.Lists)
        {
            await talk.WriteLineAsync($"headroom: Docker at {docker.Endpoint}: {docker.Error}");
            return ExitCode.Failed;
        }
        var carriers = Carriers.Of(docker.Containers);
        foreach (var carrier in carriers)
            foreach (var line in Lines(carrier))
                await output.WriteLineAsync(Terminal.Clean(line));
        await talk.WriteLineAsync($"headroom: {Figures.Count(carriers.Count, "container")} of {docker.Containers.Count} carr{(carriers.Count == 1 ? "ies" : "y")} the preload");
        return ExitCode.Ok;
    }

    internal static IEnumerable<string> Lines(Carrier carrier)
    {
        var container = carrier.Container;
        yield return $"{carrier.Name}  {container.State.Word()}  {(carrier.Preloaded ? "LD_PRELOAD set" : "LD_PRELOAD not set")}, library {(carrier.LibraryMounted ? "mounted" : "not mounted")}";
        yield return $"  page: {(carrier.PagePath is { } path ? $"{path}: {carrier.Page?.Words ?? "cannot be looked at"}" : "not mounted")}";
        yield return $"  use:  {Use(carrier)}";
        yield return $"  undo: {Undo(container)}";
    }

    private static string Use(Carrier carrier) => carrier.Use is not { } use
        ? carrier.Container.Runs ? "its processes cannot be looked into: run as root on the host" : "does not run"
        : $"of {Figures.Count(use.Processes, "process")}, {use.WithLibrary} with the library, {use.WithPage} with the page"
        + (use.WithOtherPage > 0 ? $", {use.WithOtherPage} with a page that was replaced: restart it" : "");

    // Compose writes down the files that a container was made from.
    private static string Undo(ContainerSample container)
    {
        if (container is not { ComposeProject: { } project, ComposeService: { } service })
            return $"make it again without LD_PRELOAD={PagePlaces.LibraryInContainer} and without the mounts of {PagePlaces.LibraryInContainer} and {PagePlaces.PageInContainer}";
        var files = (container.Labels.GetValueOrDefault("com.docker.compose.project.config_files") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
        var kept = files.Where(file => !IsOverride(file)).ToList();
        return kept.Count > 0 && kept.Count < files.Length
            ? $"docker compose -p {project}{string.Concat(kept.Select(file => $" -f {file}"))} up -d {service}"
            : $"docker compose -p {project} with its files, without what `headroom inject` printed: up -d {service}";
    }

    private static bool IsOverride(string file)
    {
        try
        {
            return File.Exists(file) && File.ReadLines(file).FirstOrDefault()?.StartsWith(OverrideText.FirstWords, StringComparison.Ordinal) == true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
