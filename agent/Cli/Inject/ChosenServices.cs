using Headroom.Cli.Inject.Compose;
using Headroom.Policies;

namespace Headroom.Cli.Inject;

/// <summary>The services of a compose file that the user means.</summary>
/// <param name="Files">The file, and the override beside it that compose takes by itself.</param>
/// <param name="Variable">Environment, then .env of the project's folder; null when it is not set.</param>
internal sealed record ChosenServices(
    string Project, ComposeFile File, IReadOnlyList<string> Files, IReadOnlyList<ComposeService> Services, Func<string, string?> Variable)
{
    private static readonly string[] DefaultNames = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

    /// <summary>Null after telling what is wrong.</summary>
    /// <param name="environment">Reads one variable; null when it is not set.</param>
    public static ChosenServices? Read(InjectRequest request, Func<string, string?> environment, TextWriter talk)
    {
        if (ReadFile(request.File, talk) is not { } file)
            return null;
        var files = new List<string> { request.File };
        // With -f compose no longer takes this file by itself: the printed command has to name it.
        if (OverrideBeside(request.File) is { } beside)
        {
            if (ReadFile(beside, talk) is not { } above)
                return null;
            file = file.Under(above);
            files.Add(beside);
        }
        var dotEnv = DotEnv.Read(Path.Combine(file.Folder, ".env"));
        string? Variable(string name) => environment(name) ?? dotEnv.GetValueOrDefault(name);
        if (ProjectName.Of(request.Project, file, Variable, out var problem) is not { } project)
        {
            talk.WriteLine($"headroom: {problem}");
            return null;
        }
        return Choose(request, file, talk) is { } services ? new(project, file, files, services, Variable) : null;
    }

    private static ComposeFile? ReadFile(string path, TextWriter talk)
    {
        var file = ComposeReader.Read(path, out var problems);
        foreach (var problem in problems)
            talk.WriteLine(problem);
        return file;
    }

    private static string? OverrideBeside(string path)
    {
        if (!DefaultNames.Contains(Path.GetFileName(path)))
            return null;
        var folder = Path.GetDirectoryName(path) ?? "";
        return DefaultNames.Select(name => Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(name)}.override{Path.GetExtension(name)}")).FirstOrDefault(System.IO.File.Exists);
    }

    private static List<ComposeService>? Choose(InjectRequest request, ComposeFile file, TextWriter talk)
    {
        var names = file.Services.Select(s => s.Name).ToList();
        var elsewhere = file.Includes ? "; what it includes is not read: name that file instead, with --project" : "";
        if (request.AllGpuServices)
        {
            var all = file.Services.Where(s => s.WantsGpu).ToList();
            if (all.Count > 0)
                return all;
            talk.WriteLine($"headroom: {file.Path}: no service asks for a GPU (gpus, deploy.resources.reservations.devices, runtime: nvidia); name those you mean with --service: {List(names)}{elsewhere}");
            return null;
        }
        var chosen = new List<ComposeService>();
        var missing = false;
        foreach (var name in request.Services.Distinct())
        {
            if (file.Find(name) is { } service)
            {
                chosen.Add(service);
                continue;
            }
            missing = true;
            talk.WriteLine($"headroom: {file.Path}: no service {Wording.Quote(name)}; there {(names.Count == 1 ? "is" : "are")} {List(names)}{elsewhere}");
        }
        return missing ? null : chosen;
    }

    private static string List(List<string> names) => names.Count == 0 ? "none" : Terminal.Clean(string.Join(", ", names));
}
