using Headroom.Cli.Status;
using Headroom.Model;

namespace Headroom.Cli.Top;

/// <summary>The running agent, asked over its control socket. When it is away, what was known last stays, with since when.</summary>
internal sealed class TopFromAgent(IReadOnlyList<string> sockets, TimeProvider time) : ITopSource
{
    private const string Speaker = "headroom: ";

    private readonly TopHistory _history = new();
    private readonly DateTimeOffset _started = time.GetUtcNow();
    private TopFrame _last = TopFrame.Nothing;
    private DateTimeOffset? _answered;

    public bool StandsWithThePage => false;

    public async Task<TopFrame> ReadAsync(TimeSpan passed, CancellationToken stop)
    {
        var talk = new StringWriter();
        var text = await RunningAgentState.AskAsync(sockets, "top", talk, time, stop);
        var view = text is null ? null : await RunningAgentState.ReadAsync(text, talk);
        var words = string.Join(' ', talk.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Plain));
        if (view is null)
        {
            var since = _answered ?? _started;
            return _last = _last with { Away = new TopAway(since, time.GetUtcNow() - since, words), Remark = null };
        }
        _answered = time.GetUtcNow();
        _history.Add(view.Snapshot, view.Plan);
        return _last = TopFrame.Of(view, _history.Newest) with { Age = time.Mono() - view.Snapshot.Mono, Remark = words.Length > 0 ? words : null };
    }

    private static string Plain(string line) => line.StartsWith(Speaker, StringComparison.Ordinal) ? line[Speaker.Length..].Trim() : line.Trim();
}
