using Headroom.Model;

namespace Headroom.Act.Caps;

/// <summary>The next things to do about caps.</summary>
internal abstract record CapStep(int Gpu)
{
    /// <param name="Held">Null: a new hold.</param>
    /// <param name="Grows">It lets more be held than before: only after all that shrinks on that GPU has.</param>
    internal sealed record Set(Hold? Held, WorkloadSnapshot Workload, WantedCap Cap, Mode Mode, bool Grows) : CapStep(Cap.Gpu);

    internal sealed record GiveBack(Hold Hold) : CapStep(Hold.Gpu!.Value);

    /// <summary>Nothing left to give back to.</summary>
    internal sealed record Drop(Hold Hold, string Why) : CapStep(Hold.Gpu!.Value);
}

/// <summary>(what is wanted, what is held) -> the steps, in their order: what shrinks first, then what grows, then what is lifted. Pure.</summary>
internal static class CapSteps
{
    /// <param name="leftToPeople">Names of workloads of which a person took a cap back.</param>
    /// <param name="inDoubt">Holds of which it is not sure that they are in force: set anew.</param>
    public static IReadOnlyList<CapStep> Of(PlanWish wish, IReadOnlyCollection<Hold> holds, IReadOnlyCollection<string> leftToPeople, IReadOnlyCollection<(string, int)> inDoubt)
    {
        var seen = wish.Snapshot.Workloads.ToDictionary(w => w.Container.Id.InstanceId);
        var held = holds.ToDictionary(h => (h.Workload.InstanceId, h.Gpu!.Value));
        var steps = new List<CapStep>();
        var served = new HashSet<(string, int)>();
        foreach (var wanted in wish.Plan.Wanted)
        {
            if (!seen.TryGetValue(wanted.Workload.InstanceId, out var workload) || !workload.Container.Id.IsSameLife(wanted.Workload)
                || !workload.Container.Runs || leftToPeople.Contains(workload.Name))
                continue;
            var mode = wish.OnlyKeep ? ModeOf(workload, wish) : wanted.Mode;
            if (mode < Mode.Recommend)
                continue;
            foreach (var cap in wanted.Caps)
            {
                var hold = held.GetValueOrDefault((wanted.Workload.InstanceId, cap.Gpu));
                if (hold is null && wish.OnlyKeep)
                    continue;
                // A hold in a mode that only tells is given back below.
                if (hold is not null && (mode < Mode.Enforce || !hold.Workload.IsSameLife(wanted.Workload)))
                    continue;
                if (hold is not null)
                    served.Add((wanted.Workload.InstanceId, cap.Gpu));
                if (hold?.CapBytes != cap.Bytes || inDoubt.Contains((wanted.Workload.InstanceId, cap.Gpu)))
                    steps.Add(new CapStep.Set(hold, workload, cap, mode, cap.Bytes > hold?.CapBytes));
            }
        }
        steps.Sort((a, b) => ((CapStep.Set)a).Grows.CompareTo(((CapStep.Set)b).Grows));
        foreach (var hold in holds)
            if (WhyOver(hold, seen, wish) is { } why)
                steps.Insert(0, new CapStep.Drop(hold, why));
            else if (!served.Contains((hold.Workload.InstanceId, hold.Gpu!.Value)) && (wish.IsSettled || leftToPeople.Contains(hold.Workload.Name)))
                steps.Add(new CapStep.GiveBack(hold));
        return steps;
    }

    /// <summary>What the policy itself says of it.</summary>
    private static Mode ModeOf(WorkloadSnapshot workload, PlanWish wish) =>
        wish.Policy.EnforceUntil is { } until && wish.Snapshot.WallAt >= until ? Mode.Recommend
        : wish.Policy.Mode < workload.Policy.Mode ? wish.Policy.Mode : workload.Policy.Mode;

    private static string? WhyOver(Hold hold, Dictionary<string, WorkloadSnapshot> seen, PlanWish wish)
    {
        if (!wish.DockerAnswers || !wish.IsSettled)
            return null;
        // A container that holds no GPU memory and is not managed is no workload, but may live: giving back finds out.
        return seen.TryGetValue(hold.Workload.InstanceId, out var workload)
            ? !workload.Container.Id.IsSameLife(hold.Workload) || !workload.Container.Runs ? "that life of the container has ended" : null
            : null;
    }
}
