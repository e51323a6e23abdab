using System.Globalization;
using Headroom.Model;

namespace Headroom.Act.Caps;

/// <summary>What <see cref="Undo.Value"/> of a cap says: who set it, on which card, and the cap that was there before. <c>preload GPU-8f1c...</c>, <c>hami GPU-8f1c... 8589934592</c>.
/// The card by its UUID: indices change when one falls off.</summary>
internal static class CapUndo
{
    public static string Of(CapBackend kind, string uuid, long? before) => string.Create(CultureInfo.InvariantCulture, $"{kind.Word()} {uuid} {before}").TrimEnd();

    /// <summary>Null: one that this version does not know.</summary>
    public static CapBackend? KindOf(Undo? undo)
    {
        foreach (var kind in Enum.GetValues<CapBackend>())
            if (undo?.Value?.Split(' ')[0] == kind.Word())
                return kind;
        return null;
    }

    /// <summary>Of the card; empty where it is not told.</summary>
    public static string UuidOf(Undo? undo) => undo?.Value?.Split(' ') is [_, var uuid, ..] ? uuid : "";

    /// <summary>Null: there was none.</summary>
    public static long? Previous(Undo undo) => undo.Value?.Split(' ') is [_, _, var bytes] && long.TryParse(bytes, CultureInfo.InvariantCulture, out var previous) ? previous : null;
}
