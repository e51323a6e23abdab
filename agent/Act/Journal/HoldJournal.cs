using Headroom.Interop.Linux;
using Headroom.Model;

namespace Headroom.Act.Journal;

/// <summary>What a journal holds.</summary>
/// <param name="Holds">Taken and not done, the oldest first.</param>
/// <param name="LastId">Of any hold ever taken.</param>
/// <param name="BadLines">Lines that are not whole: the last one may be torn by a crash, any other is damage.</param>
/// <param name="IsTorn">The last line has no end.</param>
internal sealed record JournalContent(IReadOnlyList<Hold> Holds, long LastId, int Records, int BadLines, bool IsTorn)
{
    public static readonly JournalContent Empty = new([], 0, 0, 0, false);
}

/// <summary>The write-ahead journal of holds, <c>journal/holds.journal</c> in the state folder: a hold is on the disk, with its undo, before its effect.
/// One writer: the agent; the guard appends only when the agent is dead.</summary>
internal sealed class HoldJournal : IDisposable
{
    private const long CompactAbove = 256 * 1024;

    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly SortedDictionary<long, Hold> _live;
    private FileStream? _file;
    private long _lastId;

    /// <summary>Reads what is there and takes a torn tail off.</summary>
    /// <exception cref="IOException">It can't be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">Not permitted.</exception>
    public HoldJournal(string stateDirectory, TimeProvider time)
    {
        _path = PathIn(stateDirectory);
        _time = time;
        Found = Read(stateDirectory);
        _live = new(Found.Holds.ToDictionary(h => h.Id));
        _lastId = Found.LastId;
        Compact();
    }

    /// <summary>What was there at the start.</summary>
    public JournalContent Found { get; }

    public static JournalContent Read(string stateDirectory)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(PathIn(stateDirectory));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return JournalContent.Empty;
        }
        return Parse(bytes);
    }

    /// <summary>Any bytes are a journal; what is not whole is left out and counted.</summary>
    internal static JournalContent Parse(ReadOnlySpan<byte> bytes)
    {
        var live = new SortedDictionary<long, Hold>();
        long last = 0;
        var (records, bad) = (0, 0);
        var torn = bytes.Length > 0 && bytes[^1] != '\n';
        foreach (var range in bytes.Split((byte)'\n'))
        {
            var line = bytes[range];
            if (line.IsEmpty)
                continue;
            if (JournalLine.Read(line) is not { } record)
            {
                bad++;
                continue;
            }
            records++;
            last = Math.Max(last, record.Id);
            switch (record.Op)
            {
                case JournalOp.Take when record.Hold is { } hold:
                    live[record.Id] = hold with { Id = record.Id };
                    break;
                case JournalOp.Renew when live.TryGetValue(record.Id, out var renewed):
                    live[record.Id] = renewed with { Expires = record.Expires };
                    break;
                case JournalOp.Done:
                    live.Remove(record.Id);
                    break;
            }
        }
        return new JournalContent([.. live.Values], last, records, bad, torn);
    }

    /// <summary>Writes the hold down before it is taken. On the disk when this returns.</summary>
    /// <returns>The hold with its id.</returns>
    /// <exception cref="IOException">Not written: the hold must not be taken.</exception>
    public Hold Take(Hold hold)
    {
        lock (_lock)
        {
            var numbered = hold with { Id = _lastId + 1 };
            Append(new JournalRecord(JournalOp.Take, numbered.Id, _time.GetUtcNow(), numbered), durable: true);
            _lastId = numbered.Id;
            _live[numbered.Id] = numbered;
            return numbered;
        }
    }

    /// <summary>It was given back, or is no longer ours. If this can't be written the next start gives it back once more, which does no harm.</summary>
    public void Done(long id, string why)
    {
        lock (_lock)
        {
            _live.Remove(id);
            Append(new JournalRecord(JournalOp.Done, id, _time.GetUtcNow(), Why: why), durable: false);
            if (_file!.Length > CompactAbove)
                Compact();
        }
    }

    public void Renew(long id, DateTimeOffset expires)
    {
        lock (_lock)
        {
            if (!_live.TryGetValue(id, out var hold))
                return;
            _live[id] = hold with { Expires = expires };
            Append(new JournalRecord(JournalOp.Renew, id, _time.GetUtcNow(), Expires: expires), durable: false);
        }
    }

    /// <summary>The same hold with another value. Not waited for: a crash may bring the value before back, and who adopts the hold sets it anew.</summary>
    public void Adjust(Hold hold)
    {
        lock (_lock)
        {
            if (!_live.ContainsKey(hold.Id))
                return;
            _live[hold.Id] = hold;
            Append(new JournalRecord(JournalOp.Take, hold.Id, _time.GetUtcNow(), hold), durable: false);
            if (_file!.Length > CompactAbove)
                Compact();
        }
    }

    /// <summary>For a program that is not the writer, when the writer is dead: one appended line.</summary>
    public static void AppendDone(string stateDirectory, long id, string why, DateTimeOffset at)
    {
        using var file = DurableFile.OpenAppend(PathIn(stateDirectory));
        // A torn tail is ended first, or this line would be lost with it.
        file.Write([(byte)'\n', .. JournalLine.Write(new JournalRecord(JournalOp.Done, id, at, Why: why))]);
        file.Flush(flushToDisk: true);
    }

    public void Dispose() => _file?.Dispose();

    private static string PathIn(string stateDirectory) => Path.Combine(stateDirectory, "journal", "holds.journal");

    private void Append(JournalRecord record, bool durable)
    {
        _file ??= DurableFile.OpenAppend(_path);
        var before = _file.Length;
        try
        {
            _file.Write(JournalLine.Write(record));
            if (durable)
                _file.Flush(flushToDisk: true);
        }
        catch (IOException)
        {
            // Half a line would swallow the next one.
            TryCutTo(before);
            throw;
        }
    }

    private void TryCutTo(long length)
    {
        try
        {
            _file!.SetLength(length);
        }
        catch (IOException)
        {
            // The next start finds a line that is not whole and leaves it out; ours begins behind a line feed then.
            _file!.Dispose();
            _file = null;
        }
    }

    /// <summary>Only what is live, and the last id, in a new file.</summary>
    private void Compact()
    {
        _file?.Dispose();
        _file = null;
        using var content = new MemoryStream();
        if (_lastId > 0 && !_live.ContainsKey(_lastId))
            content.Write(JournalLine.Write(new JournalRecord(JournalOp.Done, _lastId, _time.GetUtcNow(), Why: "compacted")));
        foreach (var (id, hold) in _live)
            content.Write(JournalLine.Write(new JournalRecord(JournalOp.Take, id, hold.Since, hold)));
        DurableFile.Replace(_path, content.ToArray());
        _file = DurableFile.OpenAppend(_path);
    }
}
