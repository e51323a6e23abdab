using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>Who rose before a breach: neighbours on the same GPU, by the rise of SM use, VRAM and requests in work over what they usually have.</summary>
internal static class Blame
{
    /// <summary>Less is noise.</summary>
    public const double Noticeable = 0.1;
    private static readonly TimeSpan Recent = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Usual = TimeSpan.FromMinutes(2);

    /// <param name="agitated">GPUs on which somebody is hurt now: what is seen there is not usual.</param>
    public static BlameMemory Watch(RuleInput input, BlameMemory memory, IReadOnlySet<int> agitated)
    {
        var elapsed = memory.At is { } at ? input.Now - at : TimeSpan.Zero;
        var (fast, slow) = (Part(elapsed, Recent), Part(elapsed, Usual));
        var habits = new Dictionary<(string, int), Habit>(memory.Habits.Count);
        foreach (var workload in input.Snapshot.Workloads)
            foreach (var gpu in input.Near.GpusOf(workload.Name))
            {
                var key = (workload.Name, gpu);
                var share = input.Near.ShareOf(workload, gpu);
                var now = new Footprint(Sm(share), share?.UsedBytes ?? 0, workload.Latency?.Running);
                // Whoever was there at the first look is usual; whoever comes later rose from nothing.
                var habit = memory.Habits.TryGetValue(key, out var known) ? known
                    : memory.At is null ? new Habit(now, now)
                    : new Habit(Footprint.None with { Sm = now.Sm is null ? null : 0 }, now);
                habits[key] = new Habit(agitated.Contains(gpu) || IsThrottled(input, workload) ? habit.Usual : habit.Usual.Towards(now, slow), habit.Now.Towards(now, fast));
            }
        return new BlameMemory { Habits = habits, At = input.Now };
    }

    /// <summary>What it does at the share that it was given is not what it usually does: else it would be as innocent as the others when it hurts again.</summary>
    private static bool IsThrottled(RuleInput input, WorkloadSnapshot workload) =>
        input.Snapshot.Act.Has(workload.Container.Id, static hold => hold.Rule == RuleName.LatencyGuard);

    /// <summary>The neighbours of a workload, the most suspicious first.</summary>
    /// <param name="before">What was told of the same breach a moment ago. Each counts as it stood out most: whoever is throttled by now would look innocent.</param>
    public static BlameReport Report(RuleInput input, BlameMemory memory, WorkloadSnapshot hurt, BlameReport? before)
    {
        var worst = before?.Neighbours.ToDictionary(b => b.Workload) ?? [];
        var (gpuOfWorst, top) = (before?.Gpu ?? -1, before is { Neighbours: [var first, ..] } ? first.Score : 0);
        foreach (var gpu in input.Near.GpusOf(hurt.Name))
        {
            if (gpuOfWorst < 0)
                gpuOfWorst = gpu;
            var card = (double)(Card(input.Snapshot, gpu) ?? long.MaxValue);
            foreach (var other in input.Near.On(gpu))
            {
                if (other.Name == hurt.Name || !memory.Habits.TryGetValue((other.Name, gpu), out var habit))
                    continue;
                var blamed = Score(other.Name, habit, card);
                if (!worst.TryGetValue(other.Name, out var known) || blamed.Score > known.Score)
                    worst[other.Name] = blamed with { Guilty = known?.Guilty == true };
                if (blamed.Score > top)
                    (gpuOfWorst, top) = (gpu, blamed.Score);
            }
        }
        return new BlameReport(hurt.Name, gpuOfWorst, before?.Since ?? input.Now,
        [
            .. worst.Values.OrderByDescending(b => b.Score).ThenBy(b => b.Workload, StringComparer.Ordinal)
                .Select(b => b with { Guilty = b.Guilty || b.Score >= Noticeable && b.Score >= top / 2 }),
        ]);
    }

    private static Blamed Score(string workload, Habit habit, double card)
    {
        var sm = habit.Now.Sm - habit.Usual.Sm;
        var bytes = habit.Now.Bytes - habit.Usual.Bytes;
        var running = habit.Now.Running - habit.Usual.Running;
        // One request more is chance. And where requests pile up while less is computed stands another victim.
        var queue = sm <= 0 ? 0 : Math.Max(0, running - 1 ?? 0) / (habit.Usual.Running + 4 ?? 4);
        var (score, sign) = (sm ?? 0, BlameSign.Sm);
        if (bytes / card > score)
            (score, sign) = (bytes / card, BlameSign.Memory);
        if (queue > score)
            (score, sign) = (queue, BlameSign.Requests);
        return new Blamed(workload, Math.Clamp(score, 0, 1), sign, false, sm, (long)bytes, running);
    }

    private static double? Sm(GpuShare? share) => share is null ? 0 : share.SmUse.Known() is { } use && double.IsFinite(use) ? use : null;

    private static long? Card(NodeSnapshot snapshot, int gpu)
    {
        foreach (var sample in snapshot.Gpus)
            if (sample.Index == gpu)
                return sample.Memory.Known()?.TotalBytes;
        return null;
    }

    /// <summary>Of an exponential mean.</summary>
    private static double Part(TimeSpan elapsed, TimeSpan over) => 1 - Math.Exp(-Math.Max(0, elapsed.TotalSeconds) / over.TotalSeconds);
}
