using System.Globalization;

namespace Headroom.IntegrationTests.CpuLab;

/// <summary>Which cells there are, in which order, and how long each is.</summary>
internal static class LabPlan
{
    /// <summary>All repeats once before the next one: a slow quarter of an hour of the machine hits all arms alike. Isolated comes first, the others take turns.</summary>
    public static IEnumerable<Cell> Cells(double seconds, int repeats)
    {
        for (var repeat = 1; repeat <= repeats; repeat++)
            foreach (var service in Service.All)
                foreach (var arrivals in Enum.GetValues<Arrivals>())
                    foreach (var load in new[] { 0.3, 0.6 })
                    {
                        // A second of work a request: few come, so only the comparison that matters.
                        var isLong = service.WorkSeconds >= 1;
                        if (isLong && (arrivals != Arrivals.Poisson || load < 0.6))
                            continue;
                        var arms = isLong ? new[] { Arm.Unmanaged, Arm.Gate } : [Arm.Unmanaged, Arm.Duty, Arm.LatencyGuard, Arm.Gate];
                        foreach (var arm in arms.Skip(repeat % arms.Length).Concat(arms.Take(repeat % arms.Length)).Prepend(Arm.Isolated))
                            yield return new Cell(service.Name, arrivals, load, repeat, arm, seconds * Weight(service, arrivals, load));
                    }
    }

    /// <summary>A quantile needs requests, and long ones come seldom: from 70 to 500 a cell. Bursts are far apart: a cell has one at least.</summary>
    private static double Weight(Service service, Arrivals arrivals, double load) => (service.Name, arrivals) switch
    {
        ("1000ms", _) => 6,
        ("200ms", Arrivals.Bursty) => 4,
        ("200ms", _) => load < 0.5 ? 3 : 2,
        (_, Arrivals.Bursty) => service.Name == "stream" ? 2 : 1.5,
        _ => 1,
    };

    /// <summary>Whether it is wanted: of each key that is named, one of its values.</summary>
    public static bool Matches(Cell cell, IReadOnlyList<(string Key, string Value)> only) => only.GroupBy(o => o.Key).All(key => key.Any(o =>
        string.Equals(o.Value, ValueOf(cell, o.Key), StringComparison.OrdinalIgnoreCase)));

    private static string ValueOf(Cell cell, string key) => key switch
    {
        "arm" => cell.Arm.ToString(),
        "service" => cell.Service,
        "arrivals" => cell.Arrivals.ToString(),
        "load" => cell.Load.ToString(CultureInfo.InvariantCulture),
        "repeat" => cell.Repeat.ToString(CultureInfo.InvariantCulture),
        _ => throw new ArgumentException($"--only knows arm, service, arrivals, load, repeat, not {key}"),
    };
}
