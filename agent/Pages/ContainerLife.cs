using Headroom.Interop.Linux;

namespace Headroom.Pages;

/// <summary>Which entry of its page a container has.</summary>
internal static class ContainerLife
{
    /// <summary>See <see cref="PageLayout.Life"/>; null where its first process is gone or can't be seen.</summary>
    /// <param name="firstPid">On the host: of its first process, as Docker tells it.</param>
    public static ulong? Of(int firstPid, string procPath = "/proc") =>
        ProcessFacts.PidNamespaceOf(firstPid, procPath) is { } space && ProcessFacts.StartTimeOf(firstPid, procPath) is { } started ? PageLayout.Life(space, started) : null;
}
