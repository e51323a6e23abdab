using System.Security.Cryptography;
using Headroom.Model;
using Microsoft.Extensions.Logging;

namespace Headroom.Run.Records;

/// <summary>The files of each policy that was in force, by its hash: a folder that can be loaded as a policy again.</summary>
internal sealed partial class PolicyTexts(string directory, ILogger log)
{
    private string? _kept;

    public void Keep(Policy policy)
    {
        if (policy.Hash == _kept)
            return;
        var folder = Path.Combine(directory, policy.Hash);
        if (policy.Files.Count > 0 && !Directory.Exists(folder))
            Copy(policy, folder);
        _kept = policy.Hash;
    }

    private void Copy(Policy policy, string folder)
    {
        var texts = new List<byte[]>(policy.Files.Count);
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in policy.Files)
        {
            texts.Add(File.ReadAllBytes(file));
            sha.AppendData(texts[^1]);
        }
        if (!Convert.ToHexStringLower(sha.GetHashAndReset()).StartsWith(policy.Hash, StringComparison.Ordinal))
        {
            LogChanged(log, policy.Hash);
            return;
        }
        // Whole or not at all.
        var half = folder + ".new";
        if (Directory.Exists(half))
            Directory.Delete(half, recursive: true);
        Directory.CreateDirectory(half);
        for (var i = 0; i < texts.Count; i++)
            File.WriteAllBytes(Path.Combine(half, NameOf(i, policy.Files[i])), texts[i]);
        Directory.Move(half, folder);
    }

    // In the order in which they were read, whatever folders they came from.
    private static string NameOf(int index, string path)
    {
        var name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{index:000}-{Path.GetFileName(path)}");
        return Path.GetExtension(name) is ".yaml" or ".yml" ? name : name + ".yaml";
    }

    [LoggerMessage(1402, LogLevel.Warning, "The text of policy {Hash} is not kept for replay: its files have changed since it was loaded")]
    private static partial void LogChanged(ILogger log, string hash);
}
