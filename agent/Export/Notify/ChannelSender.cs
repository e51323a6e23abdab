using System.Net.Http.Headers;
using System.Threading.Channels;
using Headroom.Export.Notify.Channels;
using Headroom.Model;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace Headroom.Export.Notify;

/// <summary>One channel: takes notices without ever waiting, gathers them for some seconds, and tells them in one message. What finds no place or can't be told is counted.</summary>
internal sealed partial class ChannelSender
{
    /// <summary>From a notice to its message: what follows from one cause comes as one. So no channel gets more than six messages a minute, below every service's limit.</summary>
    public static readonly TimeSpan Gather = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    public const int Waiting = 256;

    private const int Retries = 6;
    private const int MostAnswer = 4 << 10;
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(5), LongestDelay = TimeSpan.FromMinutes(2);

    private readonly NotifyChannel _channel;
    private readonly string _node;
    private readonly HttpMessageInvoker _http;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ChannelKind _kind;
    private readonly Channel<Notice> _queue;
    private readonly ResiliencePipeline<Tried> _retry;
    private long _sent, _failed, _dropped, _toldDropped;

    public ChannelSender(NotifyChannel channel, string node, HttpMessageInvoker http, TimeProvider time, ILogger log)
    {
        (_channel, _node, _http, _time, _log, _kind) = (channel, node, http, time, log, ChannelKind.Of(channel.Type));
        // The oldest goes: what is so now matters more than what was.
        _queue = Channel.CreateBounded<Notice>(
            new BoundedChannelOptions(Waiting) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true }, _ => Interlocked.Increment(ref _dropped));
        _retry = new ResiliencePipelineBuilder<Tried> { TimeProvider = time }.AddRetry(new RetryStrategyOptions<Tried>
        {
            MaxRetryAttempts = Retries,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = FirstDelay,
            MaxDelay = LongestDelay,
            ShouldHandle = attempt => ValueTask.FromResult(attempt.Outcome.Result?.Answer.Delivery == Delivery.Again),
            // What the service asks for counts, within reason.
            DelayGenerator = attempt => ValueTask.FromResult(attempt.Outcome.Result?.After is { } after && after > TimeSpan.Zero ? after < LongestDelay ? after : LongestDelay : (TimeSpan?)null),
        }).Build();
    }

    /// <summary>Requests that were taken, messages that were not, and notices that found no place.</summary>
    public NotifyCounts Counts => new(_channel.Name, Interlocked.Read(ref _sent), Interlocked.Read(ref _failed), Interlocked.Read(ref _dropped));

    /// <summary>Never waits.</summary>
    public void Add(Notice notice) => _queue.Writer.TryWrite(notice);

    /// <summary>Until cancelled; then what waits is tried once.</summary>
    /// <param name="end">Nothing is tried any more.</param>
    public async Task RunAsync(CancellationToken stop, CancellationToken end)
    {
        try
        {
            while (await _queue.Reader.WaitToReadAsync(stop))
            {
                await Task.Delay(Gather, _time, stop);
                await TellAsync(Drain(), retry: true, stop);
            }
        }
        catch (OperationCanceledException)
        {
            // asked to stop
        }
        try
        {
            if (Drain() is { Count: > 0 } left)
                await TellAsync(left, retry: false, end);
        }
        catch (OperationCanceledException)
        {
            Interlocked.Increment(ref _failed);
        }
    }

    /// <summary>Sends now, once, and tells what was answered.</summary>
    public async Task<Answer> TestAsync(CancellationToken stop)
    {
        if (ChannelAddress.TryRead(_channel, out var problem) is not { } address)
            return new Answer(Delivery.Refused, problem);
        var answer = new Answer(Delivery.Refused, "there was nothing to send");
        foreach (var request in Requests([new Notice(NoticeKind.Test, _time.GetUtcNow())], 0, address))
            if ((answer = (await TryAsync(request, address, stop)).Answer).Delivery != Delivery.Sent)
                break;
        return answer;
    }

    public IReadOnlyList<ChannelRequest> Requests(IReadOnlyList<Notice> notices, long lost, ChannelAddress address) =>
        _kind.Requests(Message.Of(_node, notices, _channel.Language, lost), address, _time.GetUtcNow());

    private List<Notice> Drain()
    {
        var notices = new List<Notice>();
        while (_queue.Reader.TryRead(out var notice))
            notices.Add(notice);
        return notices;
    }

    private async Task TellAsync(List<Notice> notices, bool retry, CancellationToken stop)
    {
        var dropped = Interlocked.Read(ref _dropped);
        var (lost, all) = (dropped - _toldDropped, true);
        if (ChannelAddress.TryRead(_channel, out var problem) is not { } address)
        {
            LogNotTold(_log, _channel.Name, notices.Count, problem);
            Interlocked.Increment(ref _failed);
            return;
        }
        foreach (var request in Requests(notices, lost, address))
        {
            // Signed once: all tries end well within the hour that a signature is good for.
            var tried = retry
                ? await _retry.ExecuteAsync(async token => await TryAsync(request, address, token), stop)
                : await TryAsync(request, address, stop);
            if (tried.Answer.Delivery == Delivery.Sent)
            {
                Interlocked.Increment(ref _sent);
                continue;
            }
            all = false;
            LogNotTold(_log, _channel.Name, notices.Count, $"{address.Place} {tried.Answer.Words}");
            Interlocked.Increment(ref _failed);
        }
        if (all)
            _toldDropped = dropped;
    }

    private async Task<Tried> TryAsync(ChannelRequest request, ChannelAddress address, CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(Patience, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        try
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, request.Url) { Content = new ByteArrayContent(request.Body) };
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json") { CharSet = "utf-8" };
            message.Headers.TryAddWithoutValidation("User-Agent", "headroom");
            foreach (var (name, value) in request.Headers)
                message.Headers.TryAddWithoutValidation(name, value);
            using var response = await _http.SendAsync(message, both.Token);
            await using var stream = await response.Content.ReadAsStreamAsync(both.Token);
            var answer = new byte[MostAnswer];
            var read = await stream.ReadAtLeastAsync(answer, MostAnswer, throwOnEndOfStream: false, both.Token);
            return new Tried(_kind.Judge((int)response.StatusCode, System.Text.Encoding.UTF8.GetString(answer, 0, read)), After(response.Headers.RetryAfter));
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new Tried(new Answer(Delivery.Again, $"did not answer within {Patience.TotalSeconds:0} s"), null);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // Its words name host and port, never the path.
            return new Tried(new Answer(Delivery.Again, $"could not be reached: {PlainText.Line(e.Message)}"), null);
        }
    }

    private TimeSpan? After(RetryConditionHeaderValue? asked) => asked?.Delta ?? (asked?.Date is { } date ? date - _time.GetUtcNow() : null);

    private sealed record Tried(Answer Answer, TimeSpan? After);

    [LoggerMessage(1701, LogLevel.Warning, "Channel {Channel}: {Count} events were not told: {Why}. `headroom notify test` tries it")]
    private static partial void LogNotTold(ILogger log, string channel, int count, string why);
}
