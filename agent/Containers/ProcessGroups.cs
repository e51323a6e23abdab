using System.Text.Json;
using Headroom.Interop.Linux;
using Headroom.Model;

namespace Headroom.Containers;

/// <summary>The process groups of this server: a file each in the runtime directory, which dies with the boot as they do.</summary>
internal sealed class ProcessGroups(string runtimeDirectory, string procPath = "/proc")
{
    private readonly string _folder = Path.Combine(runtimeDirectory, "groups");

    /// <summary>Those that run, as containers.</summary>
    public IReadOnlyList<ContainerSample> List() => [.. Known().Select(Look).OfType<ContainerSample>()];

    /// <summary>Null when there is no such group, or none any more.</summary>
    public ContainerSample? Find(string id) => File.Exists(FileOf(id)) && Read(FileOf(id)) is { } group ? Look(group) : null;

    public void Add(ProcessGroup group) => DurableFile.Replace(FileOf(group.Id), JsonSerializer.SerializeToUtf8Bytes(group, ProcessGroupJson.Default.ProcessGroup));

    public void Remove(string id) => File.Delete(FileOf(id));

    /// <summary>Forgets those that have ended, and removes their cgroups.</summary>
    public void Prune()
    {
        foreach (var group in Known().Where(g => g.Processes().Count == 0))
        {
            RemoveCgroup(group.Cgroup);
            Remove(group.Id);
        }
    }

    private IEnumerable<ProcessGroup> Known() => Directory.Exists(_folder) ? Directory.EnumerateFiles(_folder, "*.json").Select(Read).OfType<ProcessGroup>() : [];

    private ContainerSample? Look(ProcessGroup group)
    {
        // Before the program is there, and after it has ended, there is nothing to look at.
        if (group.Processes() is not [var first, ..])
            return null;
        return new ContainerSample
        {
            Id = new WorkloadId(group.Name, group.Id, group.StartedAt),
            ContainerName = group.Name,
            Image = "",
            IsProcessGroup = true,
            Labels = group.Labels,
            State = ContainerState.Running,
            Pid = first,
            HostNetwork = NetworkNamespace.IsHosts(first),
            Command = CommandLineRedaction.Redact(Words(first, "cmdline")),
            Environment = KnownVariables.Keep(Words(first, "environ")),
        };
    }

    private string[] Words(int pid, string file) => ProcessFacts.TextOf(pid, file, procPath)?.Split('\0', StringSplitOptions.RemoveEmptyEntries) ?? [];

    private string FileOf(string id) => Path.Combine(_folder, $"{id}.json");

    private static ProcessGroup? Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), ProcessGroupJson.Default.ProcessGroup) is { Id.Length: 64, Name.Length: > 0, Labels: not null, Cgroup: not null } group ? group : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    // From the inside out; a cgroup with a process in it stays.
    private static void RemoveCgroup(string folder)
    {
        try
        {
            if (!Directory.Exists(folder))
                return;
            foreach (var below in Directory.EnumerateDirectories(folder))
                RemoveCgroup(below);
            Directory.Delete(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Somebody came back to life, or another prunes too.
        }
    }
}
