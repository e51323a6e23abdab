using System.Buffers;
using System.Runtime.InteropServices;
using Headroom.Containers;
using Headroom.Interop.Linux;
using Headroom.Model;
using Microsoft.Win32.SafeHandles;

namespace Headroom.Observe.Latency.Sources;

/// <summary>Reads a file that a user's own script writes (<see cref="TextfileFormat"/>), best by writing another file and renaming it.</summary>
internal sealed class TextfileReader : ILatencyReader
{
    /// <summary>A script that died must not pass for a steady latency.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(5);
    public const long MaxBytes = 16 << 20;

    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly PresetReader _reader = new(TextfileFormat.Preset());
    private MonoTime? _writtenAt;

    /// <exception cref="EndpointException">The path is not absolute.</exception>
    public TextfileReader(string path, TimeProvider time)
    {
        if (!Path.IsPathFullyQualified(path))
            throw new EndpointException(EndpointFault.Settings, $"textfile `{path}` must be an absolute path, e.g. /var/lib/headroom/textfile/app.prom");
        _path = path;
        _time = time;
    }

    public string Source => "textfile";
    public string Endpoint => _path;
    public bool CountsCompletions => false;

    /// <summary>File systems hang: a dead NFS server must hold up nobody but this loop.</summary>
    public async ValueTask<LatencyScrape> ReadAsync(CancellationToken stop) => await Task.Run(Read, stop);

    private LatencyScrape Read()
    {
        try
        {
            using var file = Open();
            var length = Length(file);
            if (length > MaxBytes)
                throw new EndpointException(EndpointFault.BadAnswer, $"textfile {_path} has {length >> 20} MiB, more than {MaxBytes >> 20}: is it the right file?");
            var age = _time.GetUtcNow() - File.GetLastWriteTimeUtc(file);
            if (age.Duration() > MaxAge)
                throw new EndpointException(EndpointFault.BadAnswer, age > TimeSpan.Zero
                    ? $"textfile {_path} was written {Minutes(age)} ago, more than {MaxAge.TotalMinutes:0} min: does the script that writes it still run?"
                    : $"textfile {_path} was written {Minutes(-age)} in the future: is the clock right?");
            return Parse(file, length, WrittenAt(age));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EndpointException(EndpointFault.BadAnswer, $"textfile {_path} can't be read: {e.Message}", e);
        }
    }

    /// <summary>What is in the file was true when it was written: a script that writes each minute must not seem quiet or stalled in between.</summary>
    private MonoTime WrittenAt(TimeSpan age)
    {
        var at = age > TimeSpan.Zero ? _time.Mono() - age : _time.Mono();
        // Times must not go back, whatever clocks and file systems do.
        if (_writtenAt is { } last && at < last)
            at = last;
        _writtenAt = at;
        return at;
    }

    /// <summary>Without waiting: an ordinary open of a FIFO hangs until somebody writes.</summary>
    private SafeFileHandle Open()
    {
        var file = Libc.Open(_path, Libc.OpenNonBlock | Libc.OpenCloseOnExec);
        if (file.IsInvalid)
        {
            var error = Marshal.GetLastPInvokeError();
            file.Dispose();
            throw error == Libc.NoEntry
                ? new EndpointException(EndpointFault.BadAnswer, $"textfile {_path} is not there: does the script that writes it run?")
                : new IOException(Marshal.GetPInvokeErrorMessage(error));
        }
        return file;
    }

    private long Length(SafeFileHandle file)
    {
        try
        {
            // Zero for devices, so that nothing is read of them.
            var length = RandomAccess.GetLength(file);
            if (!File.GetAttributes(file).HasFlag(FileAttributes.Directory))
                return length;
        }
        catch (NotSupportedException)
        {
            // A pipe or socket.
        }
        throw new EndpointException(EndpointFault.Settings, $"textfile {_path} is no regular file");
    }

    private LatencyScrape Parse(SafeFileHandle file, long length, MonoTime at)
    {
        var reading = _reader.Begin(at);
        var quantiles = new TextfileQuantiles();
        var buffer = ArrayPool<byte>.Shared.Rent(64 << 10);
        try
        {
            // No further than it was long: what is appended meanwhile may be half a line.
            for (long offset = 0; offset < length;)
            {
                var read = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - offset)), offset);
                if (read == 0)
                    break;
                reading.Feed(buffer.AsSpan(0, read));
                quantiles.Feed(buffer.AsSpan(0, read));
                offset += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        var scrape = quantiles.AddTo(reading.Complete());
        return reading.FoundAny || quantiles.FoundAny ? scrape : throw new EndpointException(EndpointFault.NotYet,
            $"textfile {_path} has no family that is known: write the histogram latency_seconds or {TextfileFormat.QuantileFamily}{{rank=\"p95\"}}");
    }

    private static string Minutes(TimeSpan span) => $"{span.TotalMinutes:0} min";
}
