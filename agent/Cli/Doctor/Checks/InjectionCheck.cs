using Headroom.Cli.Doctor.Facts;
using Headroom.Cli.Inject;
using Headroom.Containers;
using Headroom.Model;
using Headroom.Pages;

namespace Headroom.Cli.Doctor.Checks;

/// <summary>Does the preload library work where it was injected?</summary>
internal static class InjectionCheck
{
    private const string Code = "inject";
    private const string Again = "`headroom inject` prints the override again; then `docker compose ... up -d` with it";

    public static IEnumerable<Finding> Of(InjectionFacts facts)
    {
        var wrong = facts.Carriers.SelectMany(carrier => Of(carrier, facts)).ToList();
        foreach (var finding in wrong)
            yield return finding;
        if (wrong.Count == 0 && facts.Carriers.Count > 0)
            yield return new Finding(Code, Level.Ok, $"the preload library is right in {Figures.Count(facts.Carriers.Count, "container")}: {string.Join(", ", facts.Carriers.Select(c => c.Name))}");
    }

    private static IEnumerable<Finding> Of(Carrier carrier, InjectionFacts facts)
    {
        var libc = facts.Libc.GetValueOrDefault(carrier.Container.Id.InstanceId);
        if (libc == ContainerLibc.Musl && carrier.Preloaded)
        {
            yield return new Finding(Code, Level.Fail, $"{carrier.Name} is of musl libc and LD_PRELOAD names a library for glibc: none of its programs can start",
                "make it again without the override (`headroom inject --list` tells how); it can only be watched, or take a glibc image");
            yield break;
        }
        if (Halves(carrier) is { } halves)
            yield return new Finding(Code, Level.Warn, $"{carrier.Name}: {halves}: its VRAM is not capped by the library", Again);
        if (PageTrouble(carrier, facts.StateDirectory) is { } page)
            yield return page;
        if (carrier is { Preloaded: true, LibraryMounted: true, Use: { Processes: > 0, WithLibrary: 0 } } && carrier.Container.State == ContainerState.Running)
            yield return new Finding(Code, Level.Warn,
                $"{carrier.Name}: LD_PRELOAD is set, but none of its processes has the library{(libc == ContainerLibc.Neither ? " (no C library in the image: static programs)" : "")}: it is only watched",
                "a static, setuid or 32-bit program, or an entrypoint that clears its environment, takes no preload; nothing is wrong with the container otherwise");
    }

    private static string? Halves(Carrier carrier) => carrier switch
    {
        { Preloaded: false } => "the mounts are there, but LD_PRELOAD does not name the library",
        { LibraryMounted: false } => $"LD_PRELOAD names the library, but it is not mounted at {PagePlaces.LibraryInContainer}",
        { PagePath: null } => "it has the library, but no page is mounted",
        _ => null,
    };

    private static Finding? PageTrouble(Carrier carrier, string stateDirectory)
    {
        if (carrier is not { PagePath: { } path, Preloaded: true })
            return null;
        if (carrier.OwnPage(stateDirectory) is { } own && own != path)
            return new Finding(Code, Level.Warn, $"{carrier.Name} has {path} as its page; its own is {own}: the agent does not look there", Again);
        return carrier.Page switch
        {
            null => new Finding(Code, Level.Note, $"{carrier.Name}: its page {path} cannot be looked at", "run as root"),
            { State: PageState.Missing } => new Finding(Code, Level.Fail,
                $"{carrier.Name}: its page {path} is not there: Docker will not start it again", $"{Again}; a restart alone keeps the lost page"),
            { State: not PageState.Good } look => new Finding(Code, Level.Warn, $"{carrier.Name}: what is mounted as its page is {look.Words} ({path}): it runs without a cap",
                "stop the containers that mount it, run `headroom inject --prepare`, start them again"),
            _ when carrier.Use is { WithOtherPage: > 0 } => new Finding(Code, Level.Warn,
                $"{carrier.Name}: its processes use a page that was replaced at {path} since: caps do not reach them", $"restart it: docker restart {carrier.Container.ContainerName}"),
            _ => null,
        };
    }
}
