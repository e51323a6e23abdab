using Headroom.Model;

namespace Headroom.Profiling.Cards;

/// <summary>What is bad about a packing, worst first; no part ever falls when a model is added, so a part of a packing that costs more than a whole one can be left.</summary>
/// <param name="Left">Models without a card: by class, then bytes.</param>
/// <param name="Harmed">Critical models beside one that slows them by more than <see cref="Harm"/>.</param>
/// <param name="Shrunk">Bytes that the reserves lose.</param>
/// <param name="Slowed">Sum over pairs on a card of slowdown beyond <see cref="Mild"/>.</param>
/// <param name="Overloaded">Sum of load beyond <see cref="MostLoad"/>.</param>
/// <param name="Uneven">Sum of squares of how full the cards are.</param>
internal readonly record struct PackingCost(double Left, double Harmed, double Shrunk, double Slowed, double Overloaded, double Uneven) : IComparable<PackingCost>
{
    public const double Harm = 1.5;
    public const double Mild = 1.2;
    public const double MostLoad = 0.8;
    private const double Same = 1e-9;

    public static readonly PackingCost Endless = new(double.MaxValue, 0, 0, 0, 0, 0);

    /// <summary>One of a class weighs more than all below it: there are fewer than a thousand.</summary>
    public static double Leaving(Priority priority, long bytes) => priority switch { Priority.Critical => 1e6, Priority.Standard => 1e3, _ => 1 } + Math.Min(bytes, 1L << 40) / (double)(1L << 50);

    public int CompareTo(PackingCost other)
    {
        foreach (var (mine, its) in (ReadOnlySpan<(double, double)>)[(Left, other.Left), (Harmed, other.Harmed), (Shrunk, other.Shrunk), (Slowed, other.Slowed), (Overloaded, other.Overloaded), (Uneven, other.Uneven)])
            if (Math.Abs(mine - its) > Same)
                return mine < its ? -1 : 1;
        return 0;
    }
}
