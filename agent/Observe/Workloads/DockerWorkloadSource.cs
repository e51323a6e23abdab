using System.Collections.Concurrent;
using System.Threading.Channels;
using Docker.DotNet;
using Docker.DotNet.Models;
using Headroom.Containers;
using Headroom.Model;
using Microsoft.Extensions.Logging;

namespace Headroom.Observe.Workloads;

/// <summary>Where Docker is, and how often the whole list is read.</summary>
internal sealed record DockerSourceOptions
{
    public Uri Endpoint { get; init; } = DockerConnection.DefaultEndpoint;
    /// <summary>Events tell of changes at once; the full list finds what an event gap hid.</summary>
    public TimeSpan FullList { get; init; } = TimeSpan.FromSeconds(5);
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(5);
    /// <summary>Before the first new try; then twice as long each time, up to five seconds.</summary>
    public TimeSpan Reconnect { get; init; } = TimeSpan.FromSeconds(1);
    /// <summary>When a container that could not be inspected is asked for again: one that is stuck costs the whole timeout each time.</summary>
    public TimeSpan AskAgain { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>Lists the containers of a Docker daemon. Level-triggered: an event only says which container to look at again, and a periodic
/// list compares all; so a lost event, a restarted daemon or a reused name heals by itself.</summary>
internal sealed partial class DockerWorkloadSource(DockerSourceOptions options, TimeProvider time, ILogger<DockerWorkloadSource> log) : IWorkloadSource
{
    // Exec and attach events come with every health check: not asked for.
    private static readonly string[] Actions =
    [
        "create", "start", "restart", "die", "stop", "pause", "unpause", "rename", "destroy", "update", "health_status", "oom", "connect", "disconnect",
    ];

    private static readonly TimeSpan SlowestReconnect = TimeSpan.FromSeconds(5);

    private readonly LatestCell<WorkloadSweep> _latest = new();
    private readonly ConcurrentDictionary<string, Seen> _containers = new();
    private readonly Dictionary<string, MonoTime> _notBefore = [];

    /// <param name="Listed">State as the list told it when this was read: a change means look again.</param>
    private sealed record Seen(ContainerSample Sample, string? SharesNetworkOf, string Listed);

    public Latest<WorkloadSweep> Latest => _latest.Value;

    public async Task RunAsync(CancellationToken stop)
    {
        var wait = options.Reconnect;
        while (!stop.IsCancellationRequested)
        {
            var started = time.Mono();
            try
            {
                using var docker = await DockerConnection.OpenAsync(options.Endpoint, options.CallTimeout, stop);
                LogConnected(log, options.Endpoint, docker.Info.EngineVersion, docker.Info.ApiVersion);
                wait = options.Reconnect;
                await FollowAsync(docker, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (DockerTrouble.Is(e))
            {
                Fail(DockerTrouble.Words(e), started);
            }
            if (!await Delay(wait, stop))
                return;
            wait = wait * 2 < SlowestReconnect ? wait * 2 : SlowestReconnect;
        }
    }

    private async Task FollowAsync(DockerConnection docker, CancellationToken stop)
    {
        using var session = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var changed = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
        var events = ListenAsync(docker, changed.Writer, session.Token);
        try
        {
            _containers.Clear();
            _notBefore.Clear();
            while (true)
            {
                await ListAsync(docker, stop);
                await RefreshUntilAsync(docker, changed.Reader, events, time.Mono() + options.FullList, stop);
                if (events.IsCompleted)
                {
                    await events; // throws what ended it
                    throw new HttpRequestException("Docker closed the event stream");
                }
            }
        }
        finally
        {
            await session.CancelAsync();
            await events.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private static async Task ListenAsync(DockerConnection docker, ChannelWriter<string> changed, CancellationToken stop)
    {
        var filters = new Dictionary<string, IDictionary<string, bool>>
        {
            ["type"] = new Dictionary<string, bool> { ["container"] = true, ["network"] = true },
            ["event"] = Actions.ToDictionary(a => a, _ => true),
        };
        var progress = new Progress(message =>
        {
            var id = message.Type == "network" ? Attribute(message, "container") : message.Actor?.ID;
            if (!string.IsNullOrEmpty(id))
                changed.TryWrite(id);
        });
        await docker.Client.System.MonitorEventsAsync(new ContainerEventsParameters { Filters = filters }, progress, stop);
    }

    private static string? Attribute(Message message, string name) =>
        message.Actor?.Attributes is { } attributes && attributes.TryGetValue(name, out var value) ? value : null;

    // IProgress on the thread that reads the stream; System.Progress would post to the pool and lose the order.
    private sealed class Progress(Action<Message> report) : IProgress<Message>
    {
        public void Report(Message value) => report(value);
    }

    private async Task RefreshUntilAsync(DockerConnection docker, ChannelReader<string> changed, Task events, MonoTime until, CancellationToken stop)
    {
        while (until - time.Mono() is var left && left > TimeSpan.Zero && !events.IsCompleted)
        {
            using var wake = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var more = changed.WaitToReadAsync(wake.Token).AsTask();
            var timer = Task.Delay(left, time, wake.Token);
            await Task.WhenAny(more, timer, events);
            var hasMore = more.IsCompletedSuccessfully && more.Result;
            await wake.CancelAsync();
            stop.ThrowIfCancellationRequested();
            if (!hasMore)
                continue;
            var started = time.Mono();
            var ids = new HashSet<string>();
            while (changed.TryRead(out var id))
                ids.Add(id);
            foreach (var id in ids)
                await InspectAsync(docker, id, listed: null, stop);
            Publish(docker.Info, started);
        }
    }

    private async Task ListAsync(DockerConnection docker, CancellationToken stop)
    {
        var started = time.Mono();
        var listed = await Limited(token => docker.Client.Containers.ListContainersAsync(new ContainersListParameters { All = true }, token), stop);
        var now = listed.ToDictionary(c => c.ID, c => $"{c.State} {string.Join(',', c.Names ?? [])}");
        foreach (var gone in _containers.Keys.Where(id => !now.ContainsKey(id)))
            _containers.TryRemove(gone, out _);
        foreach (var gone in _notBefore.Keys.Where(id => !now.ContainsKey(id)).ToList())
            _notBefore.Remove(gone);
        foreach (var (id, state) in now)
            if (!_containers.TryGetValue(id, out var seen) || seen.Listed != state)
                await InspectAsync(docker, id, state, stop);
        Publish(docker.Info, started);
    }

    private async Task InspectAsync(DockerConnection docker, string id, string? listed, CancellationToken stop)
    {
        if (_notBefore.TryGetValue(id, out var from) && time.Mono() < from)
            return;
        try
        {
            var answer = await Limited(token => docker.Client.Containers.InspectContainerAsync(id, token), stop);
            _containers[id] = new Seen(ContainerInspection.ToSample(answer), ContainerInspection.SharesNetworkOf(answer), listed ?? "");
            _notBefore.Remove(id);
        }
        catch (DockerContainerNotFoundException)
        {
            _containers.TryRemove(id, out _);
        }
        // The list works and this container does not: its lock is held, its layers are damaged. The others are none the worse for it.
        catch (Exception e) when (e is TimeoutException or DockerApiException or System.Text.Json.JsonException)
        {
            if (!_notBefore.ContainsKey(id))
                LogNotInspected(log, WorkloadId.Short(id), DockerTrouble.Words(e));
            _notBefore[id] = time.Mono() + options.AskAgain;
        }
    }

    private void Publish(DockerInfo info, MonoTime started)
    {
        var seen = _containers.Values.ToList();
        var names = WorkloadNames.Assign([.. seen.Select(s => NameSourceOf(s.Sample))]);
        var containers = seen
            .Select(s => Networked(s) with { Id = s.Sample.Id with { Name = names[s.Sample.Id.InstanceId] } })
            .OrderBy(c => c.Name, StringComparer.Ordinal)
            .ToList();
        _latest.Value = _latest.Value.Success(new WorkloadSweep(info, containers), started, time.Mono());
    }

    private static NameSource NameSourceOf(ContainerSample c) => new(
        c.Id.InstanceId, c.ContainerName, c.ComposeProject, c.ComposeService, c.ComposeNumber, ContainerInspection.IsOneOff(c), c.Runs, c.Id.StartedAt);

    // A container in another's network answers at the other's addresses.
    private ContainerSample Networked(Seen s) =>
        s.SharesNetworkOf is { } other && Find(other) is { } owner
            ? s.Sample with { Addresses = owner.Addresses, HostNetwork = owner.HostNetwork }
            : s.Sample;

    private ContainerSample? Find(string idOrName) =>
        _containers.TryGetValue(idOrName, out var seen)
            ? seen.Sample
            : _containers.Values.FirstOrDefault(c => c.Sample.ContainerName == idOrName)?.Sample;

    private async Task<T> Limited<T>(Func<CancellationToken, Task<T>> call, CancellationToken stop)
    {
        using var timeout = new CancellationTokenSource(options.CallTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, timeout.Token);
        try
        {
            return await call(either.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            throw new TimeoutException($"Docker has not answered for {options.CallTimeout.TotalSeconds:0.#} s");
        }
    }

    private async Task<bool> Delay(TimeSpan wait, CancellationToken stop)
    {
        try
        {
            await Task.Delay(wait, time, stop);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private void Fail(string error, MonoTime started)
    {
        if (_latest.Value.Error != error)
            LogFailed(log, options.Endpoint, error);
        _latest.Value = _latest.Value.Failure(error, started, time.Mono());
    }

    [LoggerMessage(1201, LogLevel.Information, "Docker at {Endpoint}: engine {Engine}, API {Api}")]
    private static partial void LogConnected(ILogger log, Uri endpoint, string engine, string api);

    [LoggerMessage(1202, LogLevel.Warning, "Docker at {Endpoint}: {Error}; tried again until it answers")]
    private static partial void LogFailed(ILogger log, Uri endpoint, string error);

    [LoggerMessage(1203, LogLevel.Warning, "Container {Container} cannot be inspected: {Error}; what was known of it before stays, and it is asked for again")]
    private static partial void LogNotInspected(ILogger log, string container, string error);
}
