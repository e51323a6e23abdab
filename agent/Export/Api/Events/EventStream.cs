using System.Threading.Channels;
using Headroom.Model;

namespace Headroom.Export.Api.Events;

/// <summary><c>/api/v1/events</c>: each new view to all who listen. Publishing never waits: who does not keep up is cut off.</summary>
internal sealed class EventStream(TimeProvider time) : IDisposable
{
    public const int MostReaders = 32;
    /// <summary>Views that a reader may be behind.</summary>
    private const int MostBehind = 16;
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    private readonly Lock _gate = new();
    private readonly HashSet<Reader> _readers = [];
    private long _outcomesSeen;
    private bool _ended;

    public int Readers
    {
        get
        {
            lock (_gate)
                return _readers.Count;
        }
    }

    /// <summary>By the tick, once a view.</summary>
    public void Publish(NodeView view)
    {
        lock (_gate)
        {
            if (_readers.Count > 0)
            {
                var page = new EventPage(view, _outcomesSeen);
                foreach (var reader in _readers)
                    if (!reader.Pages.Writer.TryWrite(page))
                        reader.CutOff();
            }
            foreach (var outcome in view.RecentOutcomes)
                _outcomesSeen = Math.Max(_outcomesSeen, outcome.Seq);
        }
    }

    /// <summary>Writes events until the reader goes, falls behind, is no longer allowed, or the agent stops.</summary>
    public async Task AnswerAsync(HttpContext http, Func<bool> allowed)
    {
        if (HttpMethods.IsHead(http.Request.Method))
        {
            Begin(http);
            return;
        }
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        if (Join(ending) is not { } reader)
        {
            http.Response.Headers.RetryAfter = "15";
            await Reply.TextAsync(http, StatusCodes.Status503ServiceUnavailable, $"{MostReaders} read the events already, or the agent stops\n");
            return;
        }
        try
        {
            Begin(http);
            await http.Response.Body.FlushAsync(ending.Token);
            await WriteAsync(http, reader, allowed, ending.Token);
        }
        catch (OperationCanceledException)
        {
            // What is half written cannot be ended well; nobody reads it.
            if (reader.IsCutOff)
                http.Abort();
        }
        finally
        {
            lock (_gate)
                _readers.Remove(reader);
        }
    }

    /// <summary>Ends all streams: a server stops only when its requests have.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _ended = true;
            foreach (var reader in _readers)
                reader.Pages.Writer.TryComplete();
        }
    }

    private static void Begin(HttpContext http)
    {
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
    }

    private static async Task WriteAsync(HttpContext http, Reader reader, Func<bool> allowed, CancellationToken stop)
    {
        Task<bool>? more = null;
        while (allowed())
        {
            more ??= reader.Pages.Reader.WaitToReadAsync(stop).AsTask();
            try
            {
                if (!await more.WaitAsync(Heartbeat, reader.Time, stop))
                    return;
            }
            catch (TimeoutException)
            {
                await http.Response.BodyWriter.WriteAsync(": still here\n\n"u8.ToArray(), stop);
                continue;
            }
            more = null;
            while (reader.Pages.Reader.TryRead(out var page))
                await http.Response.BodyWriter.WriteAsync(page.Bytes, stop);
        }
    }

    private Reader? Join(CancellationTokenSource ending)
    {
        lock (_gate)
        {
            if (_ended || _readers.Count >= MostReaders)
                return null;
            var reader = new Reader(ending, time);
            _readers.Add(reader);
            return reader;
        }
    }

    private sealed class Reader(CancellationTokenSource ending, TimeProvider time)
    {
        public Channel<EventPage> Pages { get; } = Channel.CreateBounded<EventPage>(new BoundedChannelOptions(MostBehind) { SingleReader = true });
        public TimeProvider Time => time;
        public bool IsCutOff { get; private set; }

        // Called under the gate, and only while the reader is in the set: its source is not disposed yet. The callbacks run elsewhere.
        public void CutOff()
        {
            if (IsCutOff)
                return;
            IsCutOff = true;
            _ = ending.CancelAsync();
        }
    }
}
