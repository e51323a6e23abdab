namespace Headroom.Cli.Inject.Compose;

/// <summary>What of a service <c>inject</c> needs. Texts as written: <c>${X}</c> is not filled in.</summary>
/// <param name="Image">Null: built, or in another file.</param>
/// <param name="Preload">The value of LD_PRELOAD; null when it gives none.</param>
/// <param name="PreloadOfShell"><c>LD_PRELOAD</c> without a value: taken from whoever calls compose.</param>
/// <param name="EnvFiles">Of <c>env_file</c>.</param>
/// <param name="WantsGpu">By <c>gpus</c>, <c>deploy.resources.reservations.devices</c>, <c>runtime: nvidia</c>, <c>devices</c>.</param>
/// <param name="ExtendsFile">What it takes over from another file is not seen.</param>
internal sealed record ComposeService(
    string Name, string? Image, string? Preload, bool PreloadOfShell, IReadOnlyList<string> EnvFiles, bool WantsGpu, string? ExtendsFile)
{
    /// <summary>As compose lays a later file, or an extending service, over this one.</summary>
    public ComposeService Under(ComposeService above) => new(
        above.Name,
        above.Image ?? Image,
        above.Preload is not null || above.PreloadOfShell ? above.Preload : Preload,
        above.Preload is null && (above.PreloadOfShell || PreloadOfShell),
        [.. EnvFiles, .. above.EnvFiles],
        WantsGpu || above.WantsGpu,
        above.ExtendsFile ?? ExtendsFile);
}

/// <param name="Path">As the user named it.</param>
/// <param name="Name">The top-level <c>name</c>, as written.</param>
/// <param name="Includes">It takes in other files, which are not read.</param>
internal sealed record ComposeFile(string Path, string? Name, IReadOnlyList<ComposeService> Services, bool Includes)
{
    public string Folder => System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!;

    public ComposeService? Find(string service) => Services.FirstOrDefault(s => s.Name == service);

    public ComposeFile Under(ComposeFile above) => new(
        Path, above.Name ?? Name,
        [
            .. Services.Select(service => above.Find(service.Name) is { } over ? service.Under(over) : service),
            .. above.Services.Where(service => Find(service.Name) is null),
        ],
        Includes || above.Includes);
}
