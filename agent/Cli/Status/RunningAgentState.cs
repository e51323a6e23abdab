using System.Text.Json;
using Headroom.Export.Api;
using Headroom.Model;
using Headroom.Run;

namespace Headroom.Cli.Status;

/// <param name="Json">The state of the first agent that answers; null when none does.</param>
/// <param name="IsThere">An agent is there, though it may not answer.</param>
/// <param name="Words">What is to be said: why there is none, or who is silent.</param>
internal sealed record AgentReply(string? Json, bool IsThere, IReadOnlyList<string> Words);

/// <summary>The state of a running agent, asked over its control socket; why there is none is told in words.</summary>
internal static class RunningAgentState
{
    /// <summary>Asks one after the other until one answers.</summary>
    /// <param name="verb">Who asks, for the hint.</param>
    public static async Task<AgentReply> TryAsync(IReadOnlyList<string> sockets, string verb, TimeProvider time, CancellationToken stop)
    {
        var failed = new List<ControlAnswer>();
        foreach (var socket in sockets)
        {
            var answer = await ControlClient.ReadStateAsync(socket, time, stop);
            // A real agent that does not answer must not hide behind a simulated one that does.
            if (answer.Text is { } text)
                return new AgentReply(text, true, [.. failed.Where(f => f.Fault is ControlFault.Denied or ControlFault.NoState).Select(f => Words(f, verb))]);
            failed.Add(answer);
        }
        return failed.TrueForAll(f => f.Fault == ControlFault.NobodyAnswers)
            ? new AgentReply(null, false,
            [
                $"no agent answers at {string.Join(" or ", failed.Select(f => f.Socket))}. "
                + "Is it running? `systemctl status headroom` tells, `headroom run` starts one, --runtime-dir names its folder.",
            ])
            : new AgentReply(null, true, [.. failed.Where(f => f.Fault != ControlFault.NobodyAnswers).Select(f => Words(f, verb))]);
    }

    /// <param name="trouble">Why it is not a state as this program knows it, in words; null: it is one.</param>
    public static NodeView? Read(string json, out string? trouble)
    {
        trouble = null;
        try
        {
            return JsonSerializer.Deserialize(json, ApiJson.Default.NodeView);
        }
        catch (JsonException e)
        {
            trouble = $"the agent's state is not as this headroom ({AgentVersion.Version}) knows it; is the agent of another version? --json shows it as it is. ({e.Message})";
            return null;
        }
    }

    /// <summary>As <see cref="TryAsync"/>; what is to be said is said to <paramref name="talk"/>.</summary>
    public static async Task<string?> AskAsync(IReadOnlyList<string> sockets, string verb, TextWriter talk, TimeProvider time, CancellationToken stop)
    {
        var reply = await TryAsync(sockets, verb, time, stop);
        foreach (var words in reply.Words)
            await talk.WriteLineAsync($"headroom: {words}");
        return reply.Json;
    }

    /// <summary>As <see cref="Read"/>; what is to be said is said to <paramref name="talk"/>.</summary>
    public static async Task<NodeView?> ReadAsync(string json, TextWriter talk)
    {
        var view = Read(json, out var trouble);
        if (trouble is not null)
            await talk.WriteLineAsync($"headroom: {trouble}");
        return view;
    }

    private static string Words(ControlAnswer answer, string verb) => answer.Fault switch
    {
        ControlFault.Denied => $"permission denied at {answer.Socket}, which belongs to another user: try `sudo headroom {verb}`.",
        ControlFault.NoState => $"the agent at {answer.Socket} has no state to show: {Terminal.Clean(answer.Error ?? "no answer")}. Its log tells more: `journalctl -u headroom`.",
        _ => $"no agent answers at {answer.Socket}.",
    };
}
