using System.CommandLine;
using Headroom.Cli.Status;
using Headroom.Model;
using Headroom.Run;
using Spectre.Console;

namespace Headroom.Cli;

/// <summary><c>headroom status</c>: one look at the node that an agent watches.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var runtime = SharedSettings.RuntimeDirectory();
        var json = SharedSettings.Json("Print the agent's state as JSON, as it came.");
        var command = new Command("status", "Show the GPUs, who holds their memory, and how fast each model answers.") { runtime, json };
        command.SetAction(async (parsed, stop) =>
        {
            Func<string, string?> environment = Environment.GetEnvironmentVariable;
            return await RunAsync(
                ControlPlaces.Of(parsed.GetValue(runtime), Environment.IsPrivilegedProcess, environment), parsed.GetValue(json),
                Console.Out, () => Terminal.Output(environment), Console.Error, TimeProvider.System, stop);
        });
        return command;
    }

    /// <summary>Exit code: 0 with a state shown, 1 when no agent answers.</summary>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> sockets, bool json, TextWriter output, Func<IAnsiConsole> terminal, TextWriter talk, TimeProvider time,
        CancellationToken stop)
    {
        if (await RunningAgentState.AskAsync(sockets, "status", talk, time, stop) is not { } text)
            return ExitCode.Failed;
        if (json)
        {
            await output.WriteLineAsync(text);
            return ExitCode.Ok;
        }
        if (await RunningAgentState.ReadAsync(text, talk) is not { } view)
            return ExitCode.Failed;
        StatusPage.Write(terminal(), view, time.Mono(), SharedSettings.LanguageOf(Environment.GetEnvironmentVariable));
        return ExitCode.Ok;
    }
}
