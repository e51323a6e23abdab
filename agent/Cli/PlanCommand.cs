using System.CommandLine;
using System.Text.Json;
using Headroom.Cli.Plans;
using Headroom.Cli.Status;
using Headroom.Export.Api;
using Headroom.Model;
using Headroom.Run;

namespace Headroom.Cli;

/// <summary><c>headroom plan</c>: what would be done now, and why.</summary>
internal static class PlanCommand
{
    public static Command Create()
    {
        var runtime = SharedSettings.RuntimeDirectory();
        var json = SharedSettings.Json("Print the plan as JSON, as it came.");
        var language = SharedSettings.Language();
        var command = new Command(
            "plan", "Show what the running agent would do now, and why, and what it leaves alone. Exit 0: nothing to change, 3: there are changes, 1: no agent answers.")
        {
            runtime, json, language,
        };
        command.SetAction(async (parsed, stop) =>
        {
            Func<string, string?> environment = Environment.GetEnvironmentVariable;
            var sockets = ControlPlaces.Of(parsed.GetValue(runtime), Environment.IsPrivilegedProcess, environment);
            return await ShowAsync(sockets, parsed.GetValue(json), parsed.GetValue(language) ?? SharedSettings.LanguageOf(environment), environment, stop);
        });
        return command;
    }

    private static async Task<int> ShowAsync(
        IReadOnlyList<string> sockets, bool json, Language language, Func<string, string?> environment, CancellationToken stop)
    {
        if (await RunningAgentState.AskAsync(sockets, "plan", Console.Error, TimeProvider.System, stop) is not { } text
            || await RunningAgentState.ReadAsync(text, Console.Error) is not { } view)
            return ExitCode.Failed;
        if (view.Plan is not { } plan)
        {
            await Console.Error.WriteLineAsync("headroom: the agent has not made a plan yet; try again in a second.");
            return ExitCode.Failed;
        }
        if (json)
            await Console.Out.WriteLineAsync(JsonSerializer.Serialize(plan, ApiJson.Default.Plan));
        else
            PlanPage.Write(Terminal.Output(environment), view.Snapshot, plan, language);
        return PlanChange.Of(plan, view.Snapshot.Act).Any(change => change.Kind != PlanChangeKind.InForce) ? ExitCode.Changes : ExitCode.Ok;
    }
}
