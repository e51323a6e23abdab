using System.CommandLine;
using System.Text.Json;
using Headroom.Cli.Holds;
using Headroom.Cli.Status;
using Headroom.Export.Api;
using Headroom.Model;
using Headroom.Run;
using Spectre.Console;

namespace Headroom.Cli;

/// <summary><c>headroom holds</c>: what the running agent holds, and giving it back.</summary>
internal static class HoldsCommand
{
    public static Command Create()
    {
        var runtime = SharedSettings.RuntimeDirectory();
        var json = SharedSettings.Json("Print what is held as JSON.");
        var language = SharedSettings.Language();
        var command = new Command("holds", "Show what Headroom holds: of whom, by which rule, since when, and why.") { runtime, json, language, Release(), ResetBreaker() };
        command.SetAction(async (parsed, stop) =>
        {
            Func<string, string?> environment = Environment.GetEnvironmentVariable;
            return await ShowAsync(
                Places(parsed.GetValue(runtime)), parsed.GetValue(json), parsed.GetValue(language) ?? SharedSettings.LanguageOf(environment),
                Console.Out, () => Terminal.Output(environment), Console.Error, TimeProvider.System, stop);
        });
        return command;
    }

    private static Command Release()
    {
        var runtime = SharedSettings.RuntimeDirectory();
        var workload = new Argument<string?>("WORKLOAD") { Description = "As `headroom holds` names it.", Arity = ArgumentArity.ZeroOrOne };
        var all = new Option<bool>("--all") { Description = "Of all workloads." };
        var command = new Command("release", "Give back what is held of a workload, or of all. They are left alone until the plan wants nothing of them.") { workload, all, runtime };
        command.SetAction(async (parsed, stop) =>
        {
            var (name, everything) = (parsed.GetValue(workload), parsed.GetValue(all));
            if (everything == (name is not null))
            {
                await Console.Error.WriteLineAsync("headroom: say which: `headroom holds release WORKLOAD`, or --all.");
                return ExitCode.Usage;
            }
            var query = everything ? "all=true" : $"workload={Uri.EscapeDataString(name!)}";
            return await AskAsync(Places(parsed.GetValue(runtime)), $"/api/v1/holds/release?{query}", "holds release", Console.Error, TimeProvider.System, stop);
        });
        return command;
    }

    private static Command ResetBreaker()
    {
        var runtime = SharedSettings.RuntimeDirectory();
        var command = new Command("reset-breaker", "Let the agent act again after its breaker opened: you have looked why.") { runtime };
        command.SetAction((parsed, stop) =>
            AskAsync(Places(parsed.GetValue(runtime)), "/api/v1/breaker/reset", "holds reset-breaker", Console.Error, TimeProvider.System, stop));
        return command;
    }

    /// <summary>Exit code: 0 with the holds shown, 1 when no agent answers.</summary>
    public static async Task<int> ShowAsync(
        IReadOnlyList<string> sockets, bool json, Language language, TextWriter output, Func<IAnsiConsole> terminal, TextWriter talk, TimeProvider time,
        CancellationToken stop)
    {
        if (await RunningAgentState.AskAsync(sockets, "holds", talk, time, stop) is not { } text
            || await RunningAgentState.ReadAsync(text, talk) is not { } view)
            return ExitCode.Failed;
        if (json)
            await output.WriteLineAsync(JsonSerializer.Serialize(view.Snapshot.Act, ApiJson.Default.ActState));
        else
            HoldsPage.Write(terminal(), view.Snapshot.Act, view.Snapshot.WallAt, language);
        return ExitCode.Ok;
    }

    /// <summary>Asks the first agent that answers; exit code 0 when it took it. A sick one is not passed over for another: the wrong one would be asked.</summary>
    public static async Task<int> AskAsync(IReadOnlyList<string> sockets, string path, string verb, TextWriter talk, TimeProvider time, CancellationToken stop)
    {
        foreach (var socket in sockets)
        {
            var answer = await ControlClient.AskAsync(socket, HttpMethod.Post, path, time, stop);
            switch (answer.Fault)
            {
                case ControlFault.None:
                    await talk.WriteLineAsync($"headroom: the agent at {socket} was {Terminal.Clean(answer.Text!.Trim())}; `headroom holds` shows when it is done.");
                    return ExitCode.Ok;
                case ControlFault.NobodyAnswers:
                    continue;
                case ControlFault.Denied:
                    await talk.WriteLineAsync($"headroom: permission denied at {socket}, which belongs to another user: try `sudo headroom {verb}`.");
                    return ExitCode.Failed;
                default:
                    await talk.WriteLineAsync($"headroom: the agent at {socket} did not take it: {Terminal.Clean(answer.Error ?? "no answer")}");
                    return ExitCode.Failed;
            }
        }
        await talk.WriteLineAsync(
            $"headroom: no agent answers at {string.Join(" or ", sockets)}, so nothing was asked. Is it running? `systemctl status headroom` tells, --runtime-dir names its folder.");
        return ExitCode.Failed;
    }

    private static IReadOnlyList<string> Places(string? runtime) => ControlPlaces.Of(runtime, Environment.IsPrivilegedProcess, Environment.GetEnvironmentVariable);
}
