using Headroom.Cli.Inject.Compose;
using Headroom.Pages;

namespace Headroom.Cli.Inject;

/// <summary>What LD_PRELOAD of a service has to be: what it is already, and the library. An override's value hides that of the file, of env_file and of the image.</summary>
internal static class ServicePreload
{
    /// <param name="ofImage">As the image has it; null: nothing, or not known.</param>
    public static string Of(ComposeService service, ChosenServices chosen, string? ofImage) => OverrideText.Preload(
        service.Preload
        ?? (service.PreloadOfShell ? "${LD_PRELOAD:-}" : null)
        ?? OfEnvFiles(service, chosen)
        ?? (ofImage is null ? null : Interpolation.Literal(WithoutOurs(ofImage))));

    // The last file wins. Compose fills variables into these values too.
    private static string? OfEnvFiles(ComposeService service, ChosenServices chosen) => service.EnvFiles
        .Select(file => Interpolation.Fill(file, chosen.Variable)).OfType<string>()
        .Select(file => DotEnv.Read(Path.Combine(chosen.File.Folder, file)).GetValueOrDefault("LD_PRELOAD"))
        .LastOrDefault(value => value is not null);

    // A container that was injected before has it.
    private static string WithoutOurs(string preload) =>
        string.Join(':', preload.Split([':', ' '], StringSplitOptions.RemoveEmptyEntries).Where(library => library != PagePlaces.LibraryInContainer));
}
