using System.Net;
using Docker.DotNet;
using Docker.DotNet.Models;
using Headroom.Containers;
using Headroom.Model;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Headroom.Act;

/// <summary>One container as Docker tells it now.</summary>
/// <param name="StopTimeout">How long its processes get to end after SIGTERM.</param>
/// <param name="AutoRemove">Docker deletes it when it ends (<c>--rm</c>).</param>
internal sealed record ContainerNow(ContainerSample Sample, TimeSpan StopTimeout, bool AutoRemove)
{
    public WorkloadId Id => Sample.Id;
    public ContainerState State => Sample.State;
}

/// <summary>What became of a call that changes something.</summary>
internal enum DockerAnswer
{
    Done,
    /// <summary>It was so already.</summary>
    Already,
    /// <summary>No such container.</summary>
    Gone,
    /// <summary>The daemon says no: the container is in another state.</summary>
    Conflict,
    /// <summary>The daemon failed.</summary>
    Failed,
    /// <summary>No answer, or a broken one: it may have happened.</summary>
    Unknown,
    /// <summary>The daemon could not be reached: it has not happened.</summary>
    NotSent,
}

internal sealed record DockerResult(DockerAnswer Answer, string Words);

/// <summary>The calls that Act makes to the Docker daemon. Reading is tried again; what changes something is sent once, and an answer that does not come is
/// <see cref="DockerAnswer.Unknown"/>. A daemon that fails again and again is left alone for a moment. Never <c>update</c>: it takes the NVIDIA devices from a container.</summary>
internal sealed class DockerHand : IContainerLook, IDisposable
{
    private static readonly TimeSpan Call = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DefaultStopTimeout = TimeSpan.FromSeconds(10);

    private readonly Uri _endpoint;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly ResiliencePipeline _read;
    private readonly ResiliencePipeline _change;
    private DockerConnection? _connection;

    public DockerHand(Uri endpoint, TimeProvider time)
    {
        (_endpoint, _time) = (endpoint, time);
        // A circuit that opened must close again though the wall clock is set back.
        time = new SteadyClock(time);
        // One breaker for all calls: what fails is the daemon.
        var breaker = new CircuitBreakerStrategyOptions
        {
            FailureRatio = 0.9, MinimumThroughput = 8, SamplingDuration = TimeSpan.FromSeconds(10), BreakDuration = TimeSpan.FromSeconds(5),
            ShouldHandle = args => ValueTask.FromResult(IsAway(args.Outcome.Exception)),
        };
        var circuit = new ResiliencePipelineBuilder { TimeProvider = time }.AddCircuitBreaker(breaker).Build();
        _read = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = 2, Delay = TimeSpan.FromMilliseconds(100), BackoffType = DelayBackoffType.Exponential, UseJitter = true,
                ShouldHandle = args => ValueTask.FromResult(IsAway(args.Outcome.Exception)),
            })
            .AddPipeline(circuit)
            .AddTimeout(new TimeoutStrategyOptions { Timeout = TimeSpan.FromSeconds(2) })
            .Build();
        _change = circuit;
    }

    /// <inheritdoc/>
    public async Task<ContainerNow?> InspectAsync(string id, CancellationToken stop)
    {
        try
        {
            return await _read.ExecuteAsync(async token =>
            {
                var connection = await ConnectAsync(token);
                var answer = await connection.Client.Containers.InspectContainerAsync(id, token);
                var timeout = answer.Config?.StopTimeout is { } given ? given : DefaultStopTimeout;
                return new ContainerNow(ContainerInspection.ToSample(answer), timeout, answer.HostConfig?.AutoRemove == true);
            }, stop);
        }
        catch (DockerContainerNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (!stop.IsCancellationRequested && IsTrouble(e))
        {
            Reset();
            throw new DockerAwayException(Words(e), e);
        }
    }

    public Task<DockerResult> PauseAsync(string id, CancellationToken stop) => ChangeAsync((c, t) => c.PauseContainerAsync(id, t), Call, stop);

    public Task<DockerResult> UnpauseAsync(string id, CancellationToken stop) => ChangeAsync((c, t) => c.UnpauseContainerAsync(id, t), Call, stop);

    public Task<DockerResult> StartAsync(string id, CancellationToken stop) =>
        ChangeAsync((c, t) => c.StartContainerAsync(id, new ContainerStartParameters(), t), TimeSpan.FromSeconds(60), stop);

    /// <param name="grace">What the container asked for: Docker kills it only after that.</param>
    public Task<DockerResult> StopAsync(string id, TimeSpan grace, CancellationToken stop) =>
        ChangeAsync((c, t) => c.StopContainerAsync(id, new ContainerStopParameters(), t), grace + TimeSpan.FromSeconds(20), stop);

    public Task<DockerResult> RestartAsync(string id, TimeSpan grace, CancellationToken stop) =>
        ChangeAsync((c, t) => c.RestartContainerAsync(id, new ContainerRestartParameters(), t), grace + TimeSpan.FromSeconds(60), stop);

    public void Dispose()
    {
        lock (_lock)
            _connection?.Dispose();
    }

    // Once sent it is waited for, also at the end of the agent: a pause that arrives after nobody looks any more would stay.
    private async Task<DockerResult> ChangeAsync(Func<IContainerOperations, CancellationToken, Task> call, TimeSpan patience, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        var sent = false;
        try
        {
            await _change.ExecuteAsync(async _ =>
            {
                using var limit = new CancellationTokenSource(patience, _time);
                var connection = await ConnectAsync(limit.Token);
                sent = true;
                await call(connection.Client.Containers, limit.Token);
            }, CancellationToken.None);
            return new(DockerAnswer.Done, "");
        }
        catch (DockerContainerNotFoundException)
        {
            return new(DockerAnswer.Gone, "there is no such container any more");
        }
        catch (DockerApiException e) when (e.StatusCode is HttpStatusCode.NotModified)
        {
            return new(DockerAnswer.Already, "it was so already");
        }
        catch (DockerApiException e) when (e.StatusCode is HttpStatusCode.Conflict)
        {
            return new(DockerAnswer.Conflict, $"Docker refuses: {Short(e)}");
        }
        catch (DockerApiException e) when ((int)e.StatusCode is >= 400)
        {
            return new(DockerAnswer.Failed, $"Docker fails ({(int)e.StatusCode}): {Short(e)}");
        }
        catch (Exception e) when (IsTrouble(e))
        {
            Reset();
            return new(sent ? DockerAnswer.Unknown : DockerAnswer.NotSent, Words(e));
        }
    }

    private async ValueTask<DockerConnection> ConnectAsync(CancellationToken stop)
    {
        lock (_lock)
            if (_connection is { } open)
                return open;
        var made = await DockerConnection.OpenAsync(_endpoint, Call, stop);
        lock (_lock)
        {
            if (_connection is { } other)
            {
                made.Dispose();
                return other;
            }
            return _connection = made;
        }
    }

    // A daemon that was restarted may speak another version. Not disposed: other hands may wait in it for what they sent; the collector takes it after the last of them.
    private void Reset()
    {
        lock (_lock)
            _connection = null;
    }

    private static bool IsAway(Exception? e) =>
        e is not null and not OperationCanceledException and not DockerApiException { StatusCode: < HttpStatusCode.InternalServerError } && IsTrouble(e);

    private static bool IsTrouble(Exception e) =>
        DockerTrouble.Is(e) || e is TimeoutRejectedException or BrokenCircuitException or ObjectDisposedException;

    private static string Words(Exception e) => e switch
    {
        TimeoutRejectedException or OperationCanceledException => "Docker does not answer in time",
        BrokenCircuitException => "Docker has failed again and again and is left alone for a few seconds",
        _ => DockerTrouble.Words(e),
    };

    private static string Short(DockerApiException e)
    {
        var text = (e.ResponseBody ?? e.Message).Trim();
        return text.Length > 300 ? text[..300] : text;
    }
}

/// <summary>The daemon does not answer: nothing is known.</summary>
internal sealed class DockerAwayException(string words, Exception inner) : Exception(words, inner);
