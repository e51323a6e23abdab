using Headroom.Model;

namespace Headroom.Cli.Status;

/// <summary>Which node, on what it stands, how old the news is, and what is wrong with the news. Markup.</summary>
internal static class Header
{
    // Ticks come at most 60 s apart; of a tick that usually comes each second, five are long.
    private static readonly TimeSpan LeastLate = TimeSpan.FromSeconds(5);
    private const int LateTicks = 3;

    public static IEnumerable<string> Lines(NodeView view, MonoTime now)
    {
        var (snapshot, self) = (view.Snapshot, view.Self);
        var age = now - snapshot.Mono;
        yield return $"[bold]{Terminal.Safe(snapshot.Node)}[/]  Headroom {Terminal.Safe(self.Version)}"
            + (self.Simulated ? "  [yellow]simulated: nothing here is real[/]" : "")
            + $"  mode {self.Mode.Word()}  {PolicyWords(view.Policy)}";
        yield return $"{DriverWords(snapshot.Driver)}  {DockerWords(snapshot.Docker)}  tick {snapshot.Seq}, {Figures.Age(age)} ago";
        if (age > LateAfter(view))
            yield return Warning($"the agent's last tick is {Figures.Age(age)} old: what follows is how things were then. Its log tells more: journalctl -u headroom");
        if (snapshot.Act.Breaker is { } breaker)
            yield return Warning($"the breaker is open: {breaker}. Nothing new is held until a person has looked and runs `headroom holds reset-breaker`");
        // Where the policy or the flag says less, it limits nothing.
        if (snapshot.Act.Limited is { } limited && view.Policy.Mode == Mode.Enforce && snapshot.Mode == Mode.Recommend)
            yield return Warning($"only recommends, though the policy says enforce: {limited}. If this lasts, its log tells more: journalctl -u headroom");
        foreach (var source in snapshot.Health)
            if (SourceTrouble(source, snapshot.Mono) is { } trouble)
                yield return Warning(trouble);
        if (view.Policy.Problems.Count > 0)
            yield return Warning($"the policy on disk is refused, {view.Policy.Hash} stays in force: {view.Policy.Problems[0]}"
                + (view.Policy.Problems.Count > 1 ? $" (and {view.Policy.Problems.Count - 1} more: headroom check)" : ""));
        if (self.FailedTicks > 0)
            yield return Warning($"{self.FailedTicks} ticks have failed since the agent started: a bug, which its log tells of");
    }

    /// <summary>So old a tick is old news. The view does not tell the interval between ticks; on the average since the start it does.</summary>
    public static TimeSpan LateAfter(NodeView view)
    {
        var usual = (view.Snapshot.WallAt - view.Self.StartedAt) / Math.Max(1, view.Snapshot.Seq) * LateTicks;
        return usual > LeastLate ? usual : LeastLate;
    }

    private static string Warning(string text) => $"[red bold]![/] [red]{Terminal.Safe(text)}[/]";

    private static string PolicyWords(PolicyStatus policy) => policy.Files.Count == 0
        ? "no policy, labels only"
        : $"policy {Terminal.Safe(policy.Hash)} of {Terminal.Safe(string.Join(", ", policy.Files))}";

    private static string DriverWords(DriverInfo? driver) => driver is null
        ? "no GPU driver"
        : $"driver {Terminal.Safe(driver.DriverVersion ?? "-")}, CUDA {Terminal.Safe(driver.CudaVersion ?? "-")}"
            + (driver.Source == "nvidia-smi" ? " (through nvidia-smi)" : "");

    private static string DockerWords(DockerInfo? docker) => docker is null
        ? "no Docker"
        : $"Docker {Terminal.Safe(docker.EngineVersion)}, API {Terminal.Safe(docker.ApiVersion)}";

    private static string? SourceTrouble(SourceHealth source, MonoTime at) => source switch
    {
        { Up: true, Error: null } => null,
        { Up: true } => $"{source.Source}: the last try failed: {source.Error}",
        { Attempted: null, Error: null } => $"{source.Source}: not read yet",
        { Succeeded: null } => $"{source.Source}: has never answered: {source.Error ?? "no reason is known"}",
        _ => $"{source.Source}: has not answered for {Figures.Age(at - source.Succeeded.Value)}: {source.Error ?? "no reason is known"}",
    };
}
