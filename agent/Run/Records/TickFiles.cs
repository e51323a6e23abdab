using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Headroom.Model;

namespace Headroom.Run.Records;

/// <param name="Length">Of one file.</param>
/// <param name="RawBytes">Of one file, before compression.</param>
/// <param name="TotalBytes">Of all files, on disk.</param>
/// <param name="Flush">At most so much is lost when the agent is killed.</param>
internal sealed record TickFileLimits(TimeSpan Length, long RawBytes, long TotalBytes, TimeSpan Flush)
{
    public TickFileLimits() : this(TimeSpan.FromHours(1), 64L << 20, 2L << 30, TimeSpan.FromSeconds(30))
    {
    }
}

/// <summary>Ticks as lines of JSON in Brotli: its window of megabytes sees that a tick repeats the one before, which gzip's 32 KiB do not.
/// An agent that starts again begins a new file; the end of the old one may be torn.</summary>
internal sealed class TickFiles(string directory, TickFileLimits limits, TimeProvider time)
{
    public const string Extension = ".jsonl.br";
    public const string NameFormat = "yyyy-MM-dd'T'HH-mm-ss'Z'";
    // The simulator's default scenario (2 GPUs, 7 containers) is 25.8 kB a tick raw; in bytes and ms of processor time a tick, flushed each 30:
    // gzip 1,338 and 0.4; Brotli 2 1,143 and 0.26; 3 1,001 and 0.26; 4 921 and 0.45; 5 782 and 0.86. So 2 GiB are some 24 days.
    private const int Quality = 3;

    // Kept: some hundred KiB each second would be collected with everything else.
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly Utf8JsonWriter _writer = new(Stream.Null);
    private Stream? _stream;
    private MonoTime _opened;
    private MonoTime _flushed;
    private long _raw;

    public void Append(TickRecord record)
    {
        var now = time.Mono();
        if (_stream is not null && (now - _opened >= limits.Length || _raw >= limits.RawBytes))
            Close();
        if (_stream is null)
        {
            // Labels of containers stand in it: nobody else's business.
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            MakeRoom();
            _stream = Open(record.Snapshot.WallAt);
            (_opened, _flushed, _raw) = (now, now, 0);
        }
        _line.ResetWrittenCount();
        _writer.Reset(_line);
        JsonSerializer.Serialize(_writer, record, RecordJson.Default.TickRecord);
        _stream.Write(_line.WrittenSpan);
        _stream.WriteByte((byte)'\n');
        _raw += _line.WrittenCount + 1;
    }

    public void FlushSometimes()
    {
        if (_stream is null || time.Mono() - _flushed < limits.Flush)
            return;
        _stream.Flush();
        _flushed = time.Mono();
    }

    /// <summary>Ends the file with an empty line: a file without one was not closed.</summary>
    public void Close()
    {
        _stream?.WriteByte((byte)'\n');
        Leave();
    }

    public void Abandon()
    {
        try
        {
            Leave();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // told already: this is where the error came from
        }
    }

    private void Leave()
    {
        var stream = _stream;
        _stream = null;
        stream?.Dispose();
    }

    public static IReadOnlyList<FileInfo> Of(string directory) =>
        [.. new DirectoryInfo(directory).EnumerateFiles("*" + Extension).OrderBy(f => f.Name, StringComparer.Ordinal)];

    /// <summary>When it was begun; null: not a name of ours.</summary>
    public static DateTimeOffset? Begun(string fileName) =>
        fileName.Length >= 20 && DateTimeOffset.TryParseExact(
            fileName.AsSpan(0, 20), NameFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var begun)
            ? begun : null;

    private BrotliStream Open(DateTimeOffset wall)
    {
        var stem = wall.UtcDateTime.ToString(NameFormat, CultureInfo.InvariantCulture);
        // Two in one second, or a clock that was set back.
        var path = Path.Combine(directory, stem + Extension);
        for (var number = 1; File.Exists(path); number++)
            path = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{stem}_{number:000}{Extension}"));
        var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read | FileShare.Delete);
        return new BrotliStream(file, new BrotliCompressionOptions { Quality = Quality });
    }

    // A new file may grow to its raw size in the worst case.
    private void MakeRoom()
    {
        var files = Of(directory);
        var total = files.Sum(f => f.Length);
        foreach (var oldest in files)
        {
            if (total + limits.RawBytes <= limits.TotalBytes)
                return;
            total -= oldest.Length;
            oldest.Delete();
        }
    }
}
