using System.Text.Json;
using Headroom.Export.Api;
using Headroom.Model;
using Headroom.Run;

namespace Headroom.Cli.Status;

/// <summary>The state of a running agent, asked over its control socket; why there is none is told in words.</summary>
internal static class RunningAgentState
{
    /// <summary>The state as JSON of the first agent that answers; null when none does, after telling why.</summary>
    /// <param name="verb">Who asks, for the hint.</param>
    public static async Task<string?> AskAsync(IReadOnlyList<string> sockets, string verb, TextWriter talk, TimeProvider time, CancellationToken stop)
    {
        var failed = new List<ControlAnswer>();
        foreach (var socket in sockets)
        {
            var answer = await ControlClient.ReadStateAsync(socket, time, stop);
            if (answer.Text is null)
            {
                failed.Add(answer);
                continue;
            }
            // A real agent that does not answer must not hide behind a simulated one that does.
            foreach (var silent in failed.Where(f => f.Fault is ControlFault.Denied or ControlFault.NoState))
                await talk.WriteLineAsync(Words(silent, verb));
            return answer.Text;
        }
        foreach (var answer in failed.Where(f => f.Fault != ControlFault.NobodyAnswers))
            await talk.WriteLineAsync(Words(answer, verb));
        if (failed.TrueForAll(f => f.Fault == ControlFault.NobodyAnswers))
            await talk.WriteLineAsync(
                $"headroom: no agent answers at {string.Join(" or ", failed.Select(f => f.Socket))}. "
                + "Is it running? `systemctl status headroom` tells, `headroom run` starts one, --runtime-dir names its folder.");
        return null;
    }

    /// <summary>Null when it is not a state as this program knows it, after telling so.</summary>
    public static async Task<NodeView?> ReadAsync(string json, TextWriter talk)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ApiJson.Default.NodeView);
        }
        catch (JsonException e)
        {
            await talk.WriteLineAsync(
                $"headroom: the agent's state is not as this headroom ({AgentVersion.Version}) knows it; is the agent of another version? --json shows it as it is. ({e.Message})");
            return null;
        }
    }

    private static string Words(ControlAnswer answer, string verb) => answer.Fault switch
    {
        ControlFault.Denied => $"headroom: permission denied at {answer.Socket}, which belongs to another user: try `sudo headroom {verb}`.",
        ControlFault.NoState => $"headroom: the agent at {answer.Socket} has no state to show: {Terminal.Clean(answer.Error ?? "no answer")}. Its log tells more: `journalctl -u headroom`.",
        _ => $"headroom: no agent answers at {answer.Socket}.",
    };
}
