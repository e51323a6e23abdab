using System.Threading.Channels;
using Headroom.Model;
using Microsoft.Extensions.Logging;

namespace Headroom.Run.Records;

/// <summary>Between the tick, which never waits, and a disk, which may be slow, full or gone: what finds no place is lost, counted, and told once a minute.</summary>
/// <param name="what">For people, e.g. <c>decision log</c>.</param>
internal sealed partial class RecordQueue<T>(string what, int capacity, IRecordSink<T> sink, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);
    /// <summary>A full disk is not tried with each record: every try may leave an empty file there.</summary>
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(30);

    private readonly Channel<T> _channel = Channel.CreateBounded<T>(new BoundedChannelOptions(capacity) { SingleReader = true });
    private long _lost;
    private long _told;
    private MonoTime? _toldAt;
    private MonoTime? _failedAt;
    private string _why = "the disk is too slow";

    /// <summary>Records that did not reach the disk, since start.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    public void Add(T record)
    {
        if (!_channel.Writer.TryWrite(record))
            Interlocked.Increment(ref _lost);
    }

    /// <summary>Writes until cancelled, then what is left.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await foreach (var record in _channel.Reader.ReadAllAsync(stop))
            {
                Write(record);
                if (!_channel.Reader.TryPeek(out _))
                    Guarded(sink.Rest);
                TellLosses();
            }
        }
        catch (OperationCanceledException)
        {
            // asked to stop
        }
        _channel.Writer.TryComplete();
        while (_channel.Reader.TryRead(out var record))
            Write(record);
        Guarded(sink.Close);
        TellLosses();
    }

    private void Write(T record)
    {
        if ((_failedAt is { } at && time.Mono() - at < Retry) || !Guarded(() => sink.Write(record)))
            Interlocked.Increment(ref _lost);
    }

    private bool Guarded(Action act)
    {
        try
        {
            act();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            (_why, _failedAt) = (e.Message, time.Mono());
            sink.Abandon();
            return false;
        }
    }

    private void TellLosses()
    {
        var (lost, now) = (Lost, time.Mono());
        if (lost == _told || (_toldAt is { } at && now - at < Quiet))
            return;
        LogLost(log, what, lost - _told, lost, _why);
        (_told, _toldAt) = (lost, now);
    }

    [LoggerMessage(1401, LogLevel.Warning, "The {What} has lost {Count} records ({Total} since start): {Why}")]
    private static partial void LogLost(ILogger log, string what, long count, long total, string why);
}

/// <summary>Where records go. Called by one loop only; may throw <see cref="IOException"/> and <see cref="UnauthorizedAccessException"/>.</summary>
internal interface IRecordSink<in T>
{
    void Write(T record);

    /// <summary>Nothing more is waiting: a good moment to flush.</summary>
    void Rest();

    void Close();

    /// <summary>After an error: lets go of the file, the next write opens anew. Does not throw.</summary>
    void Abandon();
}
