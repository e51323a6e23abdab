using Docker.DotNet.Models;
using Headroom.Containers;
using Headroom.Model;
using Microsoft.Extensions.Logging;

namespace Headroom.Act;

internal enum ContainerEventKind { Signalled, Paused, Unpaused, Started, Ended }

internal sealed record ContainerEvent(string ContainerId, ContainerEventKind Kind);

/// <summary>What people do to containers, as Docker tells it: a frozen one must be able to end.
/// Only a hint to look sooner: what an event gap hides is found by looking.</summary>
internal sealed partial class DockerEvents(Uri endpoint, Action<ContainerEvent> heard, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);

    private static readonly Dictionary<string, ContainerEventKind> Kinds = new()
    {
        ["kill"] = ContainerEventKind.Signalled,
        ["pause"] = ContainerEventKind.Paused,
        ["unpause"] = ContainerEventKind.Unpaused,
        ["start"] = ContainerEventKind.Started,
        ["die"] = ContainerEventKind.Ended,
    };

    public async Task RunAsync(CancellationToken stop)
    {
        string? lost = null;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var docker = await DockerConnection.OpenAsync(endpoint, CallTimeout, stop);
                var filters = new Dictionary<string, IDictionary<string, bool>>
                {
                    ["type"] = new Dictionary<string, bool> { ["container"] = true },
                    ["event"] = Kinds.Keys.ToDictionary(kind => kind, _ => true),
                };
                await docker.Client.System.MonitorEventsAsync(new ContainerEventsParameters { Filters = filters }, new Each(Hear), stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Told once for each way to fail; without events containers are looked at all the same.
                var words = DockerTrouble.Words(e);
                if (words != lost)
                    LogLost(log, words);
                lost = words;
            }
            try
            {
                await Task.Delay(Again, time, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void Hear(Message message)
    {
        // "exec_create: /bin/sh -c ..." carries the command behind a colon.
        var action = message.Action ?? "";
        var colon = action.IndexOf(':', StringComparison.Ordinal);
        if (message.Actor?.ID is { Length: > 0 } id && Kinds.TryGetValue(colon < 0 ? action : action[..colon], out var kind))
            heard(new ContainerEvent(id, kind));
    }

    // On the thread that reads the stream: System.Progress would post to the pool and lose the order.
    private sealed class Each(Action<Message> report) : IProgress<Message>
    {
        public void Report(Message value) => report(value);
    }

    [LoggerMessage(3101, LogLevel.Information, "Docker's events are lost ({Error}); containers are looked at each tick until they are back")]
    private static partial void LogLost(ILogger log, string error);
}
