using System.Globalization;
using Headroom.Model;

namespace Headroom.Act.Caps;

/// <summary>What <see cref="Undo.Value"/> of a cap says: who set it, and the cap that was there before. <c>preload</c>, <c>hami 8589934592</c>.</summary>
internal static class CapUndo
{
    public static string Of(CapBackend kind, long? before) => before is { } bytes ? string.Create(CultureInfo.InvariantCulture, $"{kind.Word()} {bytes}") : kind.Word();

    /// <summary>Null: one that this version does not know.</summary>
    public static CapBackend? KindOf(Undo? undo)
    {
        foreach (var kind in Enum.GetValues<CapBackend>())
            if (undo?.Value?.Split(' ')[0] == kind.Word())
                return kind;
        return null;
    }

    /// <summary>Null: there was none.</summary>
    public static long? Previous(Undo undo) => undo.Value?.Split(' ') is [_, var bytes] && long.TryParse(bytes, CultureInfo.InvariantCulture, out var previous) ? previous : null;
}
