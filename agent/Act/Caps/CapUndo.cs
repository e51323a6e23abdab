using System.Globalization;
using Headroom.Model;

namespace Headroom.Act.Caps;

/// <summary>What <see cref="Undo.Value"/> of a cap says: who set it, and the cap that was there before. <c>preload</c>, <c>hami 8589934592</c>.</summary>
internal static class CapUndo
{
    public static string Of(CapBackend kind, long? before) => before is { } bytes ? string.Create(CultureInfo.InvariantCulture, $"{kind.Word()} {bytes}") : kind.Word();

    public static CapBackend KindOf(Undo undo) => Enum.GetValues<CapBackend>().First(kind => undo.Value!.Split(' ')[0] == kind.Word());

    /// <summary>Null: there was none.</summary>
    public static long? Previous(Undo undo) => undo.Value!.Split(' ') is [_, var bytes] ? long.Parse(bytes, CultureInfo.InvariantCulture) : null;
}
