namespace Headroom.Run;

/// <summary>Where the agent keeps things: flag, else environment, else the system's places for root, else the user's (XDG).
/// A simulation has places of its own and never touches root's.</summary>
/// <param name="State">Outlives a reboot: journal, budgets, recorded ticks.</param>
/// <param name="Runtime">Dies with the boot: control socket, lease.</param>
internal sealed record AgentDirectories(string State, string Runtime)
{
    public const string ControlSocketName = "control.sock";

    public string ControlSocket => Path.Combine(Runtime, ControlSocketName);

    /// <param name="environment">Reads one variable; null when it is not set.</param>
    public static AgentDirectories Resolve(string? state, string? runtime, bool simulate, bool isRoot, Func<string, string?> environment)
    {
        // Set to nothing, as compose does with an unset variable, is not set.
        var given = environment;
        environment = name => given(name) is { Length: > 0 } text ? text : null;
        var suffix = simulate ? "-simulated" : "";
        state ??= environment("HEADROOM_STATE_DIR") ?? DefaultState(simulate, isRoot, environment) + suffix;
        runtime ??= environment("HEADROOM_RUNTIME_DIR") ?? DefaultRuntime(isRoot, environment) + suffix;
        return new AgentDirectories(Path.GetFullPath(state), Path.GetFullPath(runtime));
    }

    private static string DefaultState(bool simulate, bool isRoot, Func<string, string?> environment) =>
        isRoot && !simulate ? "/var/lib/headroom" : Path.Combine(environment("XDG_STATE_HOME") ?? Path.Combine(Home(environment), ".local/state"), "headroom");

    private static string DefaultRuntime(bool isRoot, Func<string, string?> environment) =>
        isRoot ? "/run/headroom"
        : environment("XDG_RUNTIME_DIR") is { Length: > 0 } xdg ? Path.Combine(xdg, "headroom")
        : Path.Combine(Path.GetTempPath(), $"headroom-{Environment.UserName}");

    private static string Home(Func<string, string?> environment) => environment("HOME") ?? Path.GetTempPath();
}
