using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Headroom.Model;

namespace Headroom.Run.Records;

/// <summary>Reads what <see cref="TickRecorder"/> wrote.</summary>
internal static class TickRecords
{
    // A file holds an hour; the clock may have been set by another while it was written.
    private static readonly TimeSpan Margin = TimeSpan.FromHours(2);

    /// <summary>The ticks of a file or a folder of files whose wall time lies in [from, to), in the order in which they were recorded.</summary>
    /// <param name="path">Folder, or one file: compressed, or plain lines of JSON (<c>.jsonl</c>).</param>
    /// <param name="tell">Is told in a sentence what could not be read; reading goes on with the next file.</param>
    /// <exception cref="IOException">The path does not exist or may not be read.</exception>
    public static IEnumerable<TickRecord> Read(string path, DateTimeOffset from, DateTimeOffset to, Action<string> tell)
    {
        IEnumerable<FileInfo> files = Directory.Exists(path)
            ? TickFiles.Of(path).Where(f => TickFiles.Begun(f.Name) is not { } begun || (begun + Margin >= from && begun - Margin < to))
            : [new FileInfo(path)];
        foreach (var file in files)
            foreach (var record in ReadFile(file, tell))
                if (record.Snapshot.WallAt >= from && record.Snapshot.WallAt < to)
                    yield return record;
    }

    private static IEnumerable<TickRecord> ReadFile(FileInfo file, Action<string> tell)
    {
        using var raw = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var ours = file.Name.EndsWith(TickFiles.Extension, StringComparison.Ordinal);
        using Stream stream = ours ? new BrotliStream(raw, CompressionMode.Decompress) : raw;
        using var lines = new StreamReader(stream, Encoding.UTF8);
        for (var number = 1; ; number++)
        {
            TickRecord? record;
            try
            {
                var line = lines.ReadLine();
                // Brotli does not say that its end is missing.
                if (line is null && ours)
                    tell($"{file.FullName}: has no end: it is still being written, or the agent was killed; its {number - 1} whole ticks are used");
                if (line is null or "")
                    yield break;
                record = JsonSerializer.Deserialize(line, RecordJson.Default.TickRecord);
            }
            // Cut off in the middle of a tick, or not one of ours.
            catch (Exception e) when (e is InvalidDataException or InvalidOperationException or JsonException or NotSupportedException)
            {
                tell($"{file.FullName}: cannot be read from tick {number} on; the ticks before it are used");
                yield break;
            }
            if (record is null)
                continue;
            if (record.Snapshot.Version > NodeSnapshot.CurrentVersion)
            {
                tell($"{file.FullName}: was written by a newer version of Headroom (records of version {record.Snapshot.Version}); it is left out");
                yield break;
            }
            yield return record;
        }
    }
}
