namespace Headroom.Cli.Inject.Compose;

/// <summary>What compose will call the project: containers carry it as the label <c>com.docker.compose.project</c>.</summary>
/// <remarks>Its order: <c>-p</c>, COMPOSE_PROJECT_NAME (also from .env), the file's <c>name</c>, the folder
/// (docs.docker.com/compose/how-tos/project-name).</remarks>
internal static class ProjectName
{
    /// <param name="given">By <c>--project</c>.</param>
    /// <param name="variable">Environment, then .env; null when it is not set.</param>
    /// <param name="problem">Why there is none, with what to do; null when there is one.</param>
    public static string? Of(string? given, ComposeFile file, Func<string, string?> variable, out string? problem)
    {
        var (name, from) = given is not null ? (given, "--project")
            : variable("COMPOSE_PROJECT_NAME") is { Length: > 0 } set ? (set, "COMPOSE_PROJECT_NAME")
            : file.Name is { } written ? (Interpolation.Fill(written, variable), $"{file.Path}: name")
            : (Normal(Path.GetFileName(file.Folder)), $"the folder {file.Folder}");
        problem = name is null ? $"{from}: {file.Name} can't be filled in: set its variables, or name the project with --project"
            : name.Length == 0 ? $"{from}: no project name can be made of it; name the project with --project"
            : name != Normal(name) ? $"{from}: \"{Terminal.Clean(name)}\" is no project name; compose takes small letters, digits, dashes and underscores, a letter or digit first"
            : null;
        return problem is null ? name : null;
    }

    /// <summary>As compose makes a name of a folder: small letters, digits, dashes and underscores, none of the last two in front.</summary>
    public static string Normal(string text) =>
        new string([.. text.ToLowerInvariant().Where(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_')]).TrimStart('-', '_');
}
