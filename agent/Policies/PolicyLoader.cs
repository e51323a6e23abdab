using System.Security.Cryptography;
using System.Text;
using Headroom.Model;

namespace Headroom.Policies;

/// <summary>Reads a policy from disk: a file, or all <c>*.yaml</c> and <c>*.yml</c> of a directory as one policy.</summary>
internal static class PolicyLoader
{
    /// <summary>What holds when no policy is given: labels only, and nothing but watching.</summary>
    public static Policy None => new() { Hash = "none", Presets = PresetLibrary.BuiltIn() };

    /// <param name="path">File or directory; null: no policy.</param>
    public static PolicyResult Load(string? path)
    {
        if (path is null)
            return new(None, []);
        try
        {
            if (!Directory.Exists(path))
                return PolicyReader.Read([Read(path)], PresetLibrary.BuiltIn());
            var files = FilesOf(path);
            return files.Count > 0
                ? PolicyReader.Read(files, PresetLibrary.BuiltIn())
                : Failed(path, "the directory has no *.yaml or *.yml file");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Failed(path, "no such file or directory");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Failed(path, $"cannot be read: {e.Message}");
        }
    }

    /// <summary>Any one file that people write, or why it cannot be read.</summary>
    public static (PolicyFile? File, PolicyProblem? Problem) ReadFile(string path)
    {
        try
        {
            return (Read(path), null);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return (null, new(path, 0, 0, "no such file"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return (null, new(path, 0, 0, $"cannot be read: {e.Message}"));
        }
    }

    /// <summary>Of the text as it stands now: changes when any byte, name or number of its files does. Never throws: what cannot be read has a fingerprint too.</summary>
    public static string Fingerprint(string path)
    {
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var file in Directory.Exists(path) ? FilesOf(path) : [Read(path)])
            {
                hash.AppendData(Encoding.UTF8.GetBytes($"{file.Path}\0{file.Content.Length}\0"));
                hash.AppendData(file.Content.Span);
            }
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return e.GetType().Name;
        }
    }

    /// <summary>In the order of their names; hidden ones are left out, editors put their own things there.</summary>
    private static List<PolicyFile> FilesOf(string directory) =>
    [
        .. Directory.EnumerateFiles(directory)
            .Where(file => Path.GetExtension(file) is ".yaml" or ".yml" && !Path.GetFileName(file).StartsWith('.'))
            .Order(StringComparer.Ordinal)
            .Select(Read),
    ];

    private const int SmallBytes = 4096;

    /// <summary>One byte more than allowed at most: enough to refuse it, and a device such as <c>/dev/zero</c> ends too.</summary>
    private static PolicyFile Read(string path)
    {
        // Of the file's size, not of the greatest one: this is asked each two seconds.
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var buffer = new byte[Math.Clamp(stream.CanSeek ? stream.Length + 1 : 0, SmallBytes, PolicyFile.MaxBytes + 1)];
        var length = 0;
        while ((length += stream.ReadAtLeast(buffer.AsSpan(length), buffer.Length - length, throwOnEndOfStream: false)) == buffer.Length && length <= PolicyFile.MaxBytes)
            Array.Resize(ref buffer, Math.Min(buffer.Length * 4, PolicyFile.MaxBytes + 1));
        return new(path, buffer.AsMemory(0, length));
    }

    private static PolicyResult Failed(string path, string why) => new(null, [new(path, 0, 0, why)]);
}
