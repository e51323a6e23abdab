using Headroom.Interop.Linux;
using Headroom.Model;
using Headroom.Observe.Workloads;
using Headroom.Pages;

namespace Headroom.Cli.Inject;

/// <summary>A container that carries the preload, or half of it.</summary>
/// <param name="Preloaded">LD_PRELOAD names the library.</param>
/// <param name="LibraryMounted">The library is mounted into it.</param>
/// <param name="PagePath">What is mounted as its page, on the host; null: nothing.</param>
/// <param name="Page">Null when nothing is mounted, or it can't be looked at.</param>
/// <param name="Use">Null when it does not run, or its processes can't be looked into.</param>
internal sealed record Carrier(ContainerSample Container, bool Preloaded, bool LibraryMounted, string? PagePath, PageLook? Page, CarrierUse? Use)
{
    public string Name => Container.Name;

    /// <summary>Its own page in this state folder; null when it is no compose service.</summary>
    public string? OwnPage(string stateDirectory)
    {
        try
        {
            return Container is { ComposeProject: { } project, ComposeService: { } service } ? PagePlaces.PageOf(stateDirectory, project, service) : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}

/// <param name="Processes">That could be looked into.</param>
/// <param name="WithLibrary">Of them, those that have the library mapped.</param>
/// <param name="WithPage">Those that have the page mapped.</param>
/// <param name="WithOtherPage">Those that have a page mapped which is not the file at its path any more.</param>
internal sealed record CarrierUse(int Processes, int WithLibrary, int WithPage, int WithOtherPage);

/// <summary>Looks at containers and processes; touches nothing.</summary>
internal static class Carriers
{
    public static IReadOnlyList<Carrier> Of(IReadOnlyList<ContainerSample> containers, string procPath = "/proc")
    {
        var carriers = containers.Where(Carries).ToList();
        var processes = carriers.Exists(c => c.Runs) ? ByContainer(carriers.Select(c => c.Id.InstanceId).ToHashSet(), procPath) : [];
        return [.. carriers.Select(container => Look(container, processes))];
    }

    private static bool Carries(ContainerSample c) => Preloads(c) || c.Binds.ContainsKey(PagePlaces.PageInContainer) || c.Binds.ContainsKey(PagePlaces.LibraryInContainer);

    private static bool Preloads(ContainerSample c) =>
        c.Environment.GetValueOrDefault("LD_PRELOAD")?.Contains("libheadroom.so", StringComparison.Ordinal) == true;

    private static Carrier Look(ContainerSample container, Dictionary<string, List<IReadOnlyCollection<MappedFile>>> processes)
    {
        var path = container.Binds.GetValueOrDefault(PagePlaces.PageInContainer);
        var use = container.Runs && processes.TryGetValue(container.Id.InstanceId, out var maps) ? Use(maps, path) : null;
        return new Carrier(container, Preloads(container), container.Binds.ContainsKey(PagePlaces.LibraryInContainer), path, path is null ? null : Page(path), use);
    }

    private static PageLook? Page(string path)
    {
        try
        {
            return PageMaker.Look(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static CarrierUse Use(List<IReadOnlyCollection<MappedFile>> processes, string? path)
    {
        var page = path is null ? null : MemoryMaps.OfFile(path);
        bool IsPage(MappedFile file) => page is { } here && file.IsSameAs(here);
        return new CarrierUse(
            processes.Count,
            processes.Count(files => files.Any(f => Named(f, "libheadroom.so"))),
            processes.Count(files => files.Any(IsPage)),
            processes.Count(files => files.Any(f => f.Path.StartsWith(PagePlaces.PageInContainer, StringComparison.Ordinal) && !IsPage(f))));
    }

    // A library that was replaced by name is "libheadroom.so (deleted)" for who has it still.
    private static bool Named(MappedFile file, string name) =>
        file.Path.Split(" (deleted)")[0] is var path && path.EndsWith("/" + name, StringComparison.Ordinal);

    private static Dictionary<string, List<IReadOnlyCollection<MappedFile>>> ByContainer(HashSet<string> ids, string procPath)
    {
        var found = new Dictionary<string, List<IReadOnlyCollection<MappedFile>>>();
        var owners = new ProcessOwners(procPath);
        foreach (var pid in ProcessFacts.All(procPath))
            if (owners.Find(pid)?.ContainerId is { } id && ids.Contains(id) && MemoryMaps.Of(pid, procPath) is { Count: > 0 } maps)
            {
                if (!found.TryGetValue(id, out var list))
                    found[id] = list = [];
                list.Add(maps);
            }
        return found;
    }
}
