using Headroom.Cli.Doctor.Facts;
using Headroom.Policies;

namespace Headroom.Cli.Doctor.Checks;

/// <summary>Others that restart containers by themselves. A paused container turns unhealthy after a while (moby/moby#46203) and is then restarted
/// by them: what Headroom holds would not stay held.</summary>
internal static class HealerCheck
{
    private const string Code = "healers";

    private sealed record Healer(string Repository, string Does, string Advice);

    private static readonly IReadOnlyList<Healer> Known =
    [
        new("willfarrell/autoheal", "restarts unhealthy containers, and a paused one turns unhealthy",
            "set AUTOHEAL_ONLY_MONITOR_RUNNING=true on it, or take the label autoheal=true off what Headroom may hold"),
        .. ((string[])["containrrr/watchtower", "nicholas-fedor/watchtower", "nickfedor/watchtower"]).Select(repository => new Healer(
            repository, "replaces containers when their image changes, also those that are held",
            "label what Headroom may hold com.centurylinklabs.watchtower.enable=false")),
    ];

    public static IEnumerable<Finding> Of(IReadOnlyList<Classified> workloads)
    {
        var healers = workloads.Where(w => w.Container.Runs).Select(w => (w.Name, Healer: Find(w.Container.Image))).Where(w => w.Healer is not null).ToList();
        foreach (var (name, healer) in healers)
            yield return new Finding(Code, Level.Warn, $"{name} ({healer!.Repository}) {healer.Does}", healer.Advice);
        var labelled = workloads.Where(w => w.Policy.Managed && w.Container.Labels.GetValueOrDefault("autoheal") == "true").Select(w => w.Name).ToList();
        if (labelled.Count > 0)
            yield return new Finding(Code, Level.Warn, $"labelled autoheal=true though Headroom may hold them: {string.Join(", ", labelled)}",
                "take the label off, or `headroom.enable`: the two would work against each other");
        if (healers.Count == 0 && labelled.Count == 0)
            yield return new Finding(Code, Level.Ok, "nothing known to restart containers by itself runs here");
    }

    // With or without a registry in front.
    private static Healer? Find(string image)
    {
        var repository = Matcher.Repository(image);
        return Known.FirstOrDefault(h => repository == h.Repository || repository.EndsWith("/" + h.Repository, StringComparison.Ordinal));
    }
}
