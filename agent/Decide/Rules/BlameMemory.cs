using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>How each workload used to use each GPU, and how it does now.</summary>
internal sealed record BlameMemory
{
    public IReadOnlyDictionary<(string Workload, int Gpu), Habit> Habits { get; init; } = new Dictionary<(string, int), Habit>();
    public MonoTime? At { get; init; }
}

/// <param name="Usual">While nobody was hurt: a mean over about two minutes.</param>
/// <param name="Now">A mean over a few seconds.</param>
internal readonly record struct Habit(Footprint Usual, Footprint Now);

/// <param name="Sm">SM use, 0..1; null when not known.</param>
/// <param name="Running">Requests in work; null when not known.</param>
internal readonly record struct Footprint(double? Sm, double Bytes, double? Running)
{
    public static readonly Footprint None = new(0, 0, 0);

    /// <summary>Moved towards another by a part of 0..1; what is not known stays as it was.</summary>
    public Footprint Towards(Footprint other, double part) => new(
        Mix(Sm, other.Sm, part), Bytes + (other.Bytes - Bytes) * part, Mix(Running, other.Running, part));

    private static double? Mix(double? from, double? to, double part) => to is null ? from : from is null ? to : from + (to - from) * part;
}
