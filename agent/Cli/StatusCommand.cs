using System.CommandLine;
using System.Text.Json;
using Headroom.Cli.Status;
using Headroom.Export.Api;
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
                Places(parsed.GetValue(runtime), Environment.IsPrivilegedProcess, environment), parsed.GetValue(json),
                Console.Out, () => Terminal.Output(environment), Console.Error, TimeProvider.System, stop);
        });
        return command;
    }

    /// <summary>Control sockets to try in order: the named one alone, else this user's agent, the system's, a simulated one.</summary>
    public static IReadOnlyList<string> Places(string? runtime, bool isRoot, Func<string, string?> environment)
    {
        if (runtime is not null)
            return [AgentDirectories.Resolve(null, runtime, simulate: false, isRoot, environment).ControlSocket];
        string Place(bool simulate, bool root) => AgentDirectories.Resolve(null, null, simulate, root, environment).ControlSocket;
        return [.. ((string[])[Place(false, isRoot), Place(false, true), Place(true, isRoot)]).Distinct()];
    }

    /// <summary>Exit code: 0 with a state shown, 1 when no agent answers.</summary>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> sockets, bool json, TextWriter output, Func<IAnsiConsole> terminal, TextWriter talk, TimeProvider time,
        CancellationToken stop)
    {
        var failed = new List<ControlAnswer>();
        foreach (var socket in sockets)
        {
            var answer = await ControlClient.ReadStateAsync(socket, time, stop);
            if (answer.Json is null)
            {
                failed.Add(answer);
                continue;
            }
            // A real agent that does not answer must not hide behind a simulated one that does.
            foreach (var silent in failed.Where(f => f.Fault is ControlFault.Denied or ControlFault.NoState))
                await talk.WriteLineAsync(Words(silent));
            return await ShowAsync(answer, json, output, terminal, talk, time);
        }
        foreach (var answer in failed.Where(f => f.Fault != ControlFault.NobodyAnswers))
            await talk.WriteLineAsync(Words(answer));
        if (failed.TrueForAll(f => f.Fault == ControlFault.NobodyAnswers))
            await talk.WriteLineAsync(
                $"headroom: no agent answers at {string.Join(" or ", failed.Select(f => f.Socket))}. "
                + "Is it running? `systemctl status headroom` tells, `headroom run` starts one, --runtime-dir names its folder.");
        return ExitCode.Failed;
    }

    private static string Words(ControlAnswer answer) => answer.Fault switch
    {
        ControlFault.Denied => $"headroom: permission denied at {answer.Socket}, which belongs to another user: try `sudo headroom status`.",
        ControlFault.NoState => $"headroom: the agent at {answer.Socket} has no state to show: {Terminal.Clean(answer.Error ?? "no answer")}. Its log tells more: `journalctl -u headroom`.",
        _ => $"headroom: no agent answers at {answer.Socket}.",
    };

    private static async Task<int> ShowAsync(
        ControlAnswer answer, bool json, TextWriter output, Func<IAnsiConsole> terminal, TextWriter talk, TimeProvider time)
    {
        if (json)
        {
            await output.WriteLineAsync(answer.Json);
            return ExitCode.Ok;
        }
        NodeView? view;
        try
        {
            view = JsonSerializer.Deserialize(answer.Json!, ApiJson.Default.NodeView);
        }
        catch (JsonException e)
        {
            await talk.WriteLineAsync(
                $"headroom: the agent's state is not as this headroom ({AgentVersion.Version}) knows it; is the agent of another version? --json shows it as it is. ({e.Message})");
            return ExitCode.Failed;
        }
        StatusPage.Write(terminal(), view!, time.Mono());
        return ExitCode.Ok;
    }
}
