using Headroom.Run;

namespace Headroom.Cli.Status;

internal static class ControlPlaces
{
    /// <summary>Control sockets to try in order: the named one alone, else this user's agent, the system's, a simulated one.</summary>
    public static IReadOnlyList<string> Of(string? runtime, bool isRoot, Func<string, string?> environment)
    {
        if (runtime is not null)
            return [AgentDirectories.Resolve(null, runtime, simulate: false, isRoot, environment).ControlSocket];
        string Place(bool simulate, bool root) => AgentDirectories.Resolve(null, null, simulate, root, environment).ControlSocket;
        return [.. ((string[])[Place(false, isRoot), Place(false, true), Place(true, isRoot)]).Distinct()];
    }
}
