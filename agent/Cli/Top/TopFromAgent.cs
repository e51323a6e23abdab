using Headroom.Cli.Status;
using Headroom.Model;

namespace Headroom.Cli.Top;

/// <summary>The running agent, asked over its control socket. When it is away, what was known last stays, with since when.</summary>
internal sealed class TopFromAgent(IReadOnlyList<string> sockets, TimeProvider time) : ITopSource
{
    private readonly TopHistory _history = new();
    private readonly DateTimeOffset _started = time.GetUtcNow();
    private TopFrame _last = TopFrame.Nothing;
    private DateTimeOffset? _answered;

    public bool StandsWithThePage => false;

    public async Task<TopFrame> ReadAsync(TimeSpan passed, CancellationToken stop)
    {
        var reply = await RunningAgentState.TryAsync(sockets, "top", time, stop);
        string? trouble = null;
        var view = reply.Json is { } json ? RunningAgentState.Read(json, out trouble) : null;
        var words = string.Join(' ', [.. reply.Words, .. trouble is null ? (string[])[] : [trouble]]);
        if (view is null)
        {
            var since = _answered ?? _started;
            return _last = _last with { Away = new TopAway(since, time.GetUtcNow() - since, words), Remark = null };
        }
        _answered = time.GetUtcNow();
        _history.Add(view.Snapshot, view.Plan);
        return _last = TopFrame.Of(view, _history.Newest) with { Age = time.Mono() - view.Snapshot.Mono, Remark = words.Length > 0 ? words : null };
    }
}
