using System.Globalization;
using Headroom.Act.Freezing;
using Headroom.Model;
using Headroom.Pages;

namespace Headroom.Act.Gates;

/// <summary>Whether libheadroom holds launches back in a container, as its page tells.</summary>
internal sealed class LaunchPlaces(string procPath = "/proc")
{
    public LaunchPlace Of(ContainerSample container)
    {
        if (!container.Binds.TryGetValue(PagePlaces.PageInContainer, out var path))
            return No("it does not carry the preload library (`headroom inject` makes it)");
        if (ContainerLife.Of(container.Pid, procPath) is not { } life)
            return No("its first process can't be seen: give the agent pid: host");
        using var page = LaunchGateFile.Open(path, life, out var why);
        var name = life.ToString(CultureInfo.InvariantCulture);
        return page is null ? No(why!) : new LaunchPlace(FreezeTarget.OfLaunches(container.Id.InstanceId, path, name), name, null);
    }

    private static LaunchPlace No(string why) => new(null, null, why);
}
