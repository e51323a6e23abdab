using Headroom.Model;

namespace Headroom.Simulate;

/// <summary>Does each impulse once and remembers it for a week, with whether a restart helped.</summary>
internal sealed class ImpulseLedger
{
    private static readonly TimeSpan Memory = TimeSpan.FromDays(7);
    /// <summary>Requests have come again by then, and with them the working memory.</summary>
    private static readonly TimeSpan SettlesWithin = TimeSpan.FromMinutes(2);
    /// <summary>It helped when it then holds less than this part of what it held.</summary>
    private const double HelpedBelow = 0.9;

    private readonly List<Trial> _trials = [];

    public IReadOnlyList<ImpulseRecord> Records { get; private set; } = [];

    public void Do(Impulse impulse, World world, SimulatedWorkload workload, DateTimeOffset wall)
    {
        if (Records.Any(record => record.Key == impulse.Key))
            return;
        Records = [.. Records, new ImpulseRecord(workload.Name, impulse.Kind, impulse.Rule, impulse.Key, wall, Helped: null)];
        if (impulse.Kind == ImpulseKind.Restart)
        {
            _trials.Add(new Trial(impulse.Key, workload.Name, workload.HeldBytes, world.Elapsed));
            world.Stop(workload.Name);
        }
        world.Start(workload.Name);
    }

    public void Judge(World world, DateTimeOffset wall)
    {
        foreach (var trial in _trials.Where(trial => world.Elapsed >= trial.At + world[trial.Workload].Spec.LoadTime + SettlesWithin).ToList())
        {
            var workload = world[trial.Workload];
            // One that did not come up, or died again meanwhile, was not helped.
            var helped = workload.Ready && workload.StartedAt == trial.At && workload.HeldBytes < HelpedBelow * trial.HeldBefore;
            Records = [.. Records.Select(record => record.Key == trial.Key ? record with { Helped = helped } : record)];
            _trials.Remove(trial);
        }
        if (Records.Count > 0 && Records[0].At <= wall - Memory)
            Records = [.. Records.Where(record => record.At > wall - Memory)];
    }

    /// <summary>A restart whose outcome is not known yet.</summary>
    private sealed record Trial(string Key, string Workload, long HeldBefore, TimeSpan At);
}
