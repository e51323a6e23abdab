using Headroom.Cli.Inject.Compose;
using Headroom.Containers;
using Headroom.Pages;
using Headroom.Run;

namespace Headroom.Cli.Inject;

/// <summary>Prints the override file, and makes what it mounts. Nothing is printed or made unless all of it can be.</summary>
internal sealed class InjectRun(TextWriter output, TextWriter talk, Func<string, string?> environment, TimeProvider time)
{
    /// <param name="library">Null: this build has none.</param>
    /// <param name="isRoot">Only root makes pages that containers may mount.</param>
    public async Task<int> RunAsync(InjectRequest request, byte[]? library, bool isRoot, CancellationToken stop)
    {
        if (ChosenServices.Read(request, environment, talk) is not { } chosen)
            return ExitCode.Usage;
        if (Injected(request, chosen, new Dictionary<string, LibcAnswer>()) is null)
            return ExitCode.Usage;
        if (!request.PrintOnly && Hindrance(request, library, isRoot) is { } hindrance)
        {
            await talk.WriteLineAsync($"headroom: {hindrance}");
            return ExitCode.Failed;
        }
        var libc = await LibcLook.AllAsync(chosen, request.Docker, talk, time, stop);
        if (RefuseMusl(chosen, libc))
            return ExitCode.Failed;
        TellWhatMayNotWork(chosen, libc);
        var services = Injected(request, chosen, libc)!;
        if (!request.PrintOnly && !Make(request, library!, services))
            return ExitCode.Failed;
        // sudo drops COMPOSE_PROJECT_NAME: a wrong project would leave pages that no container mounts.
        await talk.WriteLineAsync($"headroom: compose project {chosen.Project}: {string.Join(", ", services.Select(s => s.Name))}; if compose calls the project otherwise, name it with --project");
        await output.WriteAsync(OverrideText.Of(services, PagePlaces.LibraryIn(request.StateDirectory), request.Managed, Command(request, chosen), OverrideName(request.File)));
        return ExitCode.Ok;
    }

    private static string? Hindrance(InjectRequest request, byte[]? library, bool isRoot) =>
        library is null ? $"{EmbeddedLibrary.Missing}; or use --print-only where another build's library lies at {PagePlaces.LibraryIn(request.StateDirectory)}"
        : !isRoot ? $"the library and the pages below {request.StateDirectory} are root's: use sudo, or --print-only, which touches nothing"
        : null;

    /// <summary>Null after telling of a name that can't be a file's.</summary>
    private List<InjectedService>? Injected(InjectRequest request, ChosenServices chosen, IReadOnlyDictionary<string, LibcAnswer> libc)
    {
        try
        {
            return [.. chosen.Services.Select(s => new InjectedService(
                s.Name, ServicePreload.Of(s, chosen, libc.GetValueOrDefault(s.Name)?.Preload), PagePlaces.PageOf(request.StateDirectory, chosen.Project, s.Name)))];
        }
        catch (ArgumentException e)
        {
            talk.WriteLine($"headroom: {chosen.File.Path}: {Terminal.Clean(e.Message)}");
            return null;
        }
    }

    private bool RefuseMusl(ChosenServices chosen, IReadOnlyDictionary<string, LibcAnswer> libc)
    {
        var musl = chosen.Services.Where(s => libc[s.Name].Libc == ContainerLibc.Musl).ToList();
        foreach (var service in musl)
            talk.WriteLine($"headroom: {chosen.File.Path}: service {service.Name}: its {libc[service.Name].Looked} is of musl libc (Alpine); the library needs glibc, "
                + "and with it no program of that image would start; leave it out (it is only watched), or base it on a glibc image such as debian or ubuntu");
        if (musl.Count > 0)
            talk.WriteLine("headroom: nothing was printed or made, for any service");
        return musl.Count > 0;
    }

    private void TellWhatMayNotWork(ChosenServices chosen, IReadOnlyDictionary<string, LibcAnswer> libc)
    {
        foreach (var service in chosen.Services)
        {
            if (libc[service.Name].Libc == ContainerLibc.Neither)
                talk.WriteLine($"headroom: warning: service {service.Name}: its {libc[service.Name].Looked} has no C library at the usual places; a static program takes no preload and is only watched");
            if (service.ExtendsFile is { } file && service.Preload is null)
                talk.WriteLine($"headroom: warning: service {service.Name}: {Terminal.Clean(file)}, which it extends, is not read; if it sets LD_PRELOAD, add that to the override by hand");
        }
    }

    private bool Make(InjectRequest request, byte[] library, List<InjectedService> services)
    {
        try
        {
            if (new HostPlaces(request.StateDirectory, library, talk).Put(services.Select(s => s.Page)))
                return true;
            talk.WriteLine("headroom: no override was printed");
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            talk.WriteLine($"headroom: the library and the pages cannot be made below {request.StateDirectory}: {e.Message}");
            return false;
        }
    }

    private static string Command(InjectRequest request, ChosenServices chosen) =>
        $"docker compose{(request.Project is { } project ? $" -p {project}" : "")}{string.Concat(chosen.Files.Select(file => $" -f {Shell(file)}"))}";

    private static string OverrideName(string file) => Shell(Path.Combine(Path.GetDirectoryName(file) ?? "", "docker-compose.headroom.yml"));

    // A line break would end the comment.
    private static string Shell(string path)
    {
        path = Terminal.Clean(path);
        return path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-') ? path : $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }
}
