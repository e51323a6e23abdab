using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Headroom.Cli.Plans;
using Headroom.Cli.Replays;
using Headroom.Cli.Status;
using Headroom.Decide;
using Headroom.Export.Api;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Run;
using Headroom.Run.Trials.Replay;
using Spectre.Console;

namespace Headroom.Cli;

/// <summary><c>headroom plan</c>: what would be done now, and why.</summary>
internal static class PlanCommand
{
    private const double MostMinutes = 24 * 60;

    public static Command Create()
    {
        var runtime = SharedSettings.RuntimeDirectory();
        var simulate = new Option<bool>("--simulate") { Description = "Ask a simulated server instead of an agent: Monday 09:00 UTC and --minutes more. In mode enforce its plans are carried out on the way and what is in force shows as such, below it nothing is; exit 3: the plan wants anything." };
        // No variable: HEADROOM_POLICY is the agent's own policy.
        var policy = new Option<string?>("--policy") { Description = "What this policy would do instead of the agent's, at once and without any history; nothing of it is done. With --simulate: the simulated server's policy.", HelpName = "FILE|DIR" };
        var minutes = Minutes();
        var seed = new Option<int?>("--seed") { Description = "With --simulate: the same seed gives the same server. Default: 1.", HelpName = "N" };
        var json = SharedSettings.Json("Print the plan as JSON, as it came.");
        var language = SharedSettings.Language();
        var command = new Command(
            "plan", "Show what the running agent would do now, and why, and what it leaves alone. Exit 0: nothing to change, 3: there are changes, 1: no agent answers, 2: wrong usage or policy.")
        {
            runtime, policy, simulate, minutes, seed, json, language, PlanCardCommand.Create(),
        };
        command.SetAction(async (parsed, stop) =>
        {
            Func<string, string?> environment = Environment.GetEnvironmentVariable;
            var sockets = ControlPlaces.Of(parsed.GetValue(runtime), Environment.IsPrivilegedProcess, environment);
            var show = new Show(
                parsed.GetValue(json), parsed.GetValue(language) ?? SharedSettings.LanguageOf(environment), Console.Out, () => Terminal.Output(environment), Console.Error);
            if (!parsed.GetValue(simulate) && (parsed.GetValue(minutes) is not null || parsed.GetValue(seed) is not null))
            {
                await Console.Error.WriteLineAsync("headroom: --minutes and --seed go with --simulate.");
                return ExitCode.Usage;
            }
            if (!parsed.GetValue(simulate))
                return await AskAsync(sockets, parsed.GetValue(policy), show, TimeProvider.System, stop);
            using var interruption = new Interruption(stop);
            return Simulate(parsed.GetValue(policy), TimeSpan.FromMinutes(parsed.GetValue(minutes) ?? 10), parsed.GetValue(seed) ?? 1, show, interruption.Token);
        });
        return command;
    }

    /// <summary>How and where a plan is shown.</summary>
    internal sealed record Show(bool Json, Language Language, TextWriter Output, Func<IAnsiConsole> Terminal, TextWriter Talk);

    /// <summary>Exit code: 0 nothing to change, 1 no agent answers, 2 the policy is wrong, 3 there are changes.</summary>
    /// <param name="policyPath">Null: the agent's own plan.</param>
    internal static async Task<int> AskAsync(IReadOnlyList<string> sockets, string? policyPath, Show show, TimeProvider time, CancellationToken stop)
    {
        if (Load(policyPath, show) is not { } policy)
            return ExitCode.Usage;
        if (await RunningAgentState.AskAsync(sockets, "plan", show.Talk, time, stop) is not { } text
            || await RunningAgentState.ReadAsync(text, show.Talk) is not { } view)
            return ExitCode.Failed;
        if (policyPath is not null)
            return Try(view, policy, policyPath, show);
        if (view.Plan is not { } plan)
        {
            await show.Talk.WriteLineAsync("headroom: the agent has not made a plan yet; try again in a second.");
            return ExitCode.Failed;
        }
        Write(view.Snapshot, plan, null, show);
        return HasChanges(view.Snapshot, plan) ? ExitCode.Changes : ExitCode.Ok;
    }

    /// <summary>Exit code: 0 the last plan wants nothing, 1 interrupted, 2 the policy is wrong, 3 it wants something, in force or not.</summary>
    internal static int Simulate(string? policyPath, TimeSpan length, int seed, Show show, CancellationToken stop)
    {
        if (Load(policyPath, show) is not { } policy)
            return ExitCode.Usage;
        try
        {
            var (snapshot, plan) = SimulatedPlan.After(length, policy, seed, stop);
            var done = snapshot.Mode == Mode.Enforce ? "its plans were carried out" : "nothing was done";
            Write(snapshot, plan, string.Create(CultureInfo.InvariantCulture, $"Simulated server, seed {seed}, at {snapshot.WallAt:yyyy-MM-dd HH:mm:ss} UTC after {ReplayPage.Span(length.TotalSeconds)} in which {done}."), show);
            return plan.IsEmpty ? ExitCode.Ok : ExitCode.Changes;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            show.Talk.WriteLine("headroom: interrupted; there is no plan");
            return ExitCode.Failed;
        }
    }

    private static int Try(NodeView view, Policy policy, string policyPath, Show show)
    {
        var snapshot = new Reclassification(policy).Of(view.Snapshot);
        var (plan, _) = Planner.Decide(snapshot, policy, PlannerMemory.Empty, Planner.AllRules);
        Write(snapshot, plan,
            $"What {policyPath} would do at once in place of policy {view.Policy.Hash}; none of it is done. "
            + "Rules that need history (latencyGuard, runawayMemory, fragmentation, scale, turnTaking) have none here: `headroom replay` tries them on recorded ticks.", show);
        return HasChanges(snapshot, plan) ? ExitCode.Changes : ExitCode.Ok;
    }

    private static bool HasChanges(NodeSnapshot snapshot, Plan plan) => PlanChange.Of(plan, snapshot.Act).Any(change => change.Kind != PlanChangeKind.InForce);

    private static Policy? Load(string? path, Show show)
    {
        var loaded = PolicyLoader.Load(path);
        foreach (var problem in loaded.Problems)
            show.Talk.WriteLine(problem);
        if (loaded.Policy is null)
            show.Talk.WriteLine($"headroom: {path} has {Figures.Count(loaded.Problems.Count, "problem")}; there is no plan.");
        return loaded.Policy;
    }

    /// <param name="headline">Where it comes from, when not from the agent; null when it does.</param>
    private static void Write(NodeSnapshot snapshot, Plan plan, string? headline, Show show)
    {
        if (show.Json)
        {
            show.Output.WriteLine(JsonSerializer.Serialize(plan, ApiJson.Default.Plan));
            return;
        }
        var console = show.Terminal();
        if (headline is not null)
            console.MarkupLine(Terminal.Safe(headline));
        PlanPage.Write(console, snapshot, plan, show.Language);
    }

    private static Option<double?> Minutes() => Settings.Flag<double?>(
        "--minutes", "With --simulate: how long the server has run under the policy. Default: 10.", "M", FormattableString.Invariant($"a number of minutes from 0.1 to {MostMinutes}"),
        text => double.TryParse(text, CultureInfo.InvariantCulture, out var value) && value is >= 0.1 and <= MostMinutes ? value : null);
}
