using System.Text;

namespace Headroom.Policies;

/// <summary>A file of a policy as it was read.</summary>
/// <param name="Path">As problems name it.</param>
internal sealed record PolicyFile(string Path, ReadOnlyMemory<byte> Content)
{
    /// <summary>Larger ones are refused: no policy is, a log file named by mistake may be.</summary>
    public const int MaxBytes = 1 << 20;

    public static PolicyFile FromText(string path, string text) => new(path, Encoding.UTF8.GetBytes(text));
}
