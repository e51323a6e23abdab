using System.Text;
using Headroom.Pages;

namespace Headroom.Cli.Inject.Compose;

/// <summary>What libheadroom counts as VRAM of <c>cuMemAllocManaged</c>, which may lie in the host's memory.</summary>
internal enum ManagedMemory { Count, Refuse, Ignore }

/// <param name="Preload">What LD_PRELOAD has to be, as compose reads it.</param>
/// <param name="Page">Path on the host.</param>
internal sealed record InjectedService(string Name, string Preload, string Page);

/// <summary>The override file that <c>inject</c> prints. Pure.</summary>
internal static class OverrideText
{
    public const string FirstWords = "# Made by `headroom inject`";

    /// <param name="command">How compose is called without it, e.g. <c>docker compose -f docker-compose.yml</c>.</param>
    /// <param name="file">The name that the override gets.</param>
    public static string Of(IReadOnlyList<InjectedService> services, string library, ManagedMemory managed, string command, string file)
    {
        var text = new StringBuilder();
        text.Append(FirstWords).Append($" as {file}. Use: {command} -f {file} up -d  Undo: {command} up -d\n");
        text.Append("services:\n");
        foreach (var service in services)
        {
            text.Append($"  {Key(service.Name)}:\n    environment:\n      LD_PRELOAD: {Quoted(service.Preload)}\n");
            if (managed != ManagedMemory.Count)
                text.Append($"      HEADROOM_MANAGED: {managed.ToString().ToLowerInvariant()}\n");
            text.Append("    volumes:\n");
            Bind(text, library, PagePlaces.LibraryInContainer, readOnly: true);
            Bind(text, service.Page, PagePlaces.PageInContainer, readOnly: false);
        }
        return text.ToString();
    }

    /// <summary>The library behind what is preloaded already.</summary>
    /// <param name="already">As compose reads it; null or empty: nothing.</param>
    public static string Preload(string? already) =>
        string.IsNullOrWhiteSpace(already) ? PagePlaces.LibraryInContainer
        : already.Contains(PagePlaces.LibraryInContainer, StringComparison.Ordinal) ? already
        : $"{already}:{PagePlaces.LibraryInContainer}";

    // Without the source compose must fail: Docker would make a folder in place of the file.
    private static void Bind(StringBuilder text, string source, string target, bool readOnly)
    {
        text.Append($"      - type: bind\n        source: {Quoted(Interpolation.Literal(source))}\n        target: {target}\n");
        if (readOnly)
            text.Append("        read_only: true\n");
        text.Append("        bind: { create_host_path: false }\n");
    }

    // A service may be called 1 or on.
    private static string Key(string name) =>
        char.IsAsciiLetter(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
        && name.ToLowerInvariant() is not ("true" or "false" or "null" or "yes" or "no" or "on" or "off" or "y" or "n")
            ? name
            : Quoted(name);

    private static string Quoted(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
