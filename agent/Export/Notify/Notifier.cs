using Headroom.Model;
using Microsoft.Extensions.Logging;

namespace Headroom.Export.Notify;

/// <summary>Tells people through the channels of the policy in force. The tick hands over what happened and goes on; channels come and go with the policy.</summary>
internal sealed class Notifier : IDisposable
{
    private static readonly TimeSpan LastTry = TimeSpan.FromSeconds(3);

    private readonly TimeProvider _time;
    private readonly ILogger<Notifier> _log;
    private readonly HttpMessageInvoker _http = Http();
    private readonly NoticeBook _book = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _changing = new();
    private readonly List<Task> _running = [];
    private Dictionary<NotifyChannel, Running> _senders = [];
    private bool _ended;

    public Notifier(TimeProvider time, ILogger<Notifier> log) => (_time, _log) = (time, log);

    /// <summary>No redirects: an address with a secret is told to nobody else. Proxies as the environment has them: chats are outside.</summary>
    public static HttpMessageInvoker Http() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = ChannelSender.Patience,
        MaxResponseHeadersLength = 32,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        ActivityHeadersPropagator = null,
    }, disposeHandler: true);

    /// <summary>Since start, or since the channel came into the policy.</summary>
    public IReadOnlyList<NotifyCounts> Counts => [.. Volatile.Read(ref _senders).Values.Select(s => s.Sender.Counts)];

    /// <summary>By the tick; never waits.</summary>
    public void Add(NodeView view, IReadOnlyList<Outcome> outcomes, IReadOnlyList<NotifyChannel> channels)
    {
        var notices = _book.Of(view, outcomes);
        if (!_senders.Keys.SequenceEqual(channels))
            Change(channels, view.Self.Simulated ? $"{view.Snapshot.Node} (simulated)" : view.Snapshot.Node);
        foreach (var notice in notices)
            foreach (var running in _senders.Values)
                running.Sender.Add(notice);
    }

    /// <summary>Until told to stop; then what waits gets one try of some seconds.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _time, stop);
        }
        catch (OperationCanceledException)
        {
            // asked to stop
        }
        Task[] running;
        lock (_changing)
        {
            _ended = true;
            foreach (var sender in _senders.Values)
                sender.Stop.Cancel();
            running = [.. _running];
        }
        _end.CancelAfter(LastTry);
        await Task.WhenAll(running);
    }

    public void Dispose()
    {
        _end.Dispose();
        _http.Dispose();
    }

    private void Change(IReadOnlyList<NotifyChannel> channels, string node)
    {
        lock (_changing)
        {
            if (_ended)
                return;
            var next = new Dictionary<NotifyChannel, Running>();
            foreach (var channel in channels)
                next[channel] = _senders.GetValueOrDefault(channel) ?? Start(channel, node);
            foreach (var gone in _senders.Where(s => !next.ContainsKey(s.Key)))
                gone.Value.Stop.Cancel();
            _running.RemoveAll(task => task.IsCompleted);
            Volatile.Write(ref _senders, next);
        }
    }

    private Running Start(NotifyChannel channel, string node)
    {
        var (sender, stop) = (new ChannelSender(channel, node, _http, _time, _log), new CancellationTokenSource());
        _running.Add(Task.Run(() => sender.RunAsync(stop.Token, _end.Token)));
        return new Running(sender, stop);
    }

    private sealed record Running(ChannelSender Sender, CancellationTokenSource Stop);
}
