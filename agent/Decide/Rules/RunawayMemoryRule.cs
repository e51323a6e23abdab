using System.Globalization;
using Headroom.Decide.Rules.Vram;
using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Decide.Rules;

/// <summary>Memory that grows steadily and will be used up soon: cap, then hold, then restart, before a neighbour runs out.</summary>
internal sealed class RunawayMemoryRule : IRule
{
    /// <summary>A model that loads is no runaway.</summary>
    private static readonly TimeSpan StartUp = TimeSpan.FromMinutes(3);
    /// <summary>Well below its cap for so long: it stopped by itself.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromMinutes(5);

    public RuleName Name => RuleName.RunawayMemory;

    public RuleOutput Judge(RuleInput input, PlannerMemory memory)
    {
        var last = memory.Runaway;
        var trends = new Dictionary<(string, int), Trend>(last.Trends.Count);
        var cases = new Dictionary<(string, int), RunawayCase>();
        var proposals = new List<Proposal>();
        var remarks = new List<RuleRemark>();
        foreach (var sample in input.Snapshot.Gpus)
            foreach (var workload in input.Near.On(sample.Index).OrderBy(w => w.Name, StringComparer.Ordinal))
            {
                var key = (workload.Name, sample.Index);
                var found = last.Cases.TryGetValue(key, out var old) && old.StartedAt == workload.Container.Id.StartedAt && workload.Container.Runs ? old : null;
                var share = input.Near.ShareOf(workload, sample.Index);
                // Unknown use starts nothing and ends nothing.
                if (sample.Health != Model.GpuHealth.Ok || sample.Memory.Known() is not { } card || share is null || UseOf(input, workload, share, sample.Index) is not { } used)
                {
                    if (last.Trends.TryGetValue(key, out var kept))
                        trends[key] = kept;
                    if (found is not null && sample.Memory.Known() is null)
                        Propose(input, workload, sample.Index, cases[key] = found, null, share?.UsedBytes ?? found.Level, proposals, remarks);
                    continue;
                }
                double? slope = null;
                if (!StartsUp(input, workload))
                {
                    var trend = Growth.Add(last.Trends.GetValueOrDefault(key), workload.Container.Id.StartedAt, input.Now, used);
                    trends[key] = trend;
                    slope = Growth.Slope(trend);
                }
                if (found is null && slope is null)
                    continue;
                var danger = Danger.Of(input, workload, sample, card, used);
                if (Step(input, workload, found, danger, slope, used, sample.Index) is not { } now)
                    continue;
                cases[key] = now;
                Propose(input, workload, sample.Index, now, danger, used, proposals, remarks);
            }
        return new RuleOutput(memory with { Runaway = new RunawayMemory { Trends = trends, Cases = cases } }, proposals, remarks);
    }

    /// <summary>What the driver says, or the container's own books where the driver hides it.</summary>
    private static long? UseOf(RuleInput input, WorkloadSnapshot workload, GpuShare share, int gpu)
    {
        if (share.HiddenProcesses == 0)
            return share.UsedBytes;
        foreach (var book in input.Snapshot.Books)
            if (book.InstanceId == workload.Container.Id.InstanceId && book.Gpu == gpu && book.Processes >= share.Processes)
                return book.UsedBytes + book.OverheadBytes;
        return null;
    }

    private static bool StartsUp(RuleInput input, WorkloadSnapshot workload) =>
        workload.Container.Health == ContainerHealth.Starting || input.Wall - workload.Container.Id.StartedAt < StartUp;

    private static RunawayCase? Step(RuleInput input, WorkloadSnapshot workload, RunawayCase? old, Danger danger, double? slope, long used, int gpu)
    {
        var within = input.Policy.Rules.RunawayMemory.ExhaustsWithin;
        if (old is null)
        {
            // Up to its guarantee it may grow as it likes.
            if (slope is not { } seen || danger.After(seen) > within || used < workload.Policy.GuaranteeBytes)
                return null;
            // Where it harms nobody else, it may have what is left.
            var room = danger.Neighbour is null ? danger.Bytes : Bytes.Margin(used);
            var cap = Math.Max(used, Math.Min(used + room, workload.Policy.CapBytes ?? long.MaxValue));
            old = new RunawayCase(workload.Container.Id.StartedAt, input.Now, used, cap, seen, null, null, null, null);
        }
        var now = old with
        {
            Slope = Math.Max(old.Slope, slope ?? 0),
            LowSince = used < old.Cap - Bytes.Margin(used) / 2 && slope is null && old.HeldSince is null ? old.LowSince ?? input.Now : null,
        };
        // What was found stays found until memory came back or there is plenty: a hold stops the growth that it was found by.
        var left = danger.After(now.Slope);
        if (used < old.Level - old.Level / 10 || left > 2 * within || now.LowSince is { } low && input.Now - low >= Calm)
            return null;
        var harmsOthers = danger.Neighbour is not null;
        var mayHold = harmsOthers || workload.Policy is { Priority: Priority.Batch, Protected: false };
        if (now.HeldSince is null && slope is not null && left < within / 2 && mayHold)
            now = now with { HeldSince = input.Now, HeldFor = danger.Neighbour };
        if (now.Restart is null && slope is not null && left < within / 5)
            now = now with { Restart = Tell(RunawayMemoryReasons.Restart, workload, gpu, now, danger, used) };
        else if (now.Restart is null && now.HeldSince is { } held && input.Now - held >= within)
            now = now with { Restart = RunawayMemoryReasons.StillHeld.With(
                ("workload", workload.Name), ("held", input.Now - held), ("used", ReasonValue.Bytes(used)), ("gpu", ReasonValue.Count(gpu))) };
        return now;
    }

    private void Propose(
        RuleInput input, WorkloadSnapshot workload, int gpu, RunawayCase found, Danger? danger, long used, List<Proposal> proposals, List<RuleRemark> remarks)
    {
        var id = workload.Container.Id;
        danger ??= new Danger(0, found.HeldFor);
        proposals.Add(new CapProposal(Name, id, Tell(RunawayMemoryReasons.Capped, workload, gpu, found, danger, used), gpu, Math.Max(found.Cap, used)));
        if (found.HeldSince is not null)
            proposals.Add(new RunProposal(Name, id, Tell(RunawayMemoryReasons.Held, workload, gpu, found, danger, used), RunLimit.Paused, found.HeldFor));
        else if (danger.Neighbour is null && workload.Policy.CapBytes is { } cap)
            remarks.Add(new RuleRemark(Verdict.Refuse, workload.Name, gpu, Lever.Pause, RunawayMemoryReasons.OnlyItself.With(("workload", workload.Name),
                ("growth", ReasonValue.Bytes((long)(found.Slope * 60))), ("gpu", ReasonValue.Count(gpu)), ("left", danger.After(found.Slope)), ("cap", ReasonValue.Bytes(cap)))));
        if (found.Restart is { } why)
            proposals.Add(new ImpulseProposal(Name, id, why, ImpulseKind.Restart,
                string.Create(CultureInfo.InvariantCulture, $"runawayMemory:{id.Name}:{id.StartedAt.UtcTicks}"), OnlyTell: !workload.Policy.Restart.Allowed));
    }

    private static Reason Tell(ReasonCode code, WorkloadSnapshot workload, int gpu, RunawayCase found, Danger danger, long used) => code.With(
        ("workload", workload.Name), ("gpu", ReasonValue.Count(gpu)), ("cap", ReasonValue.Bytes(found.Cap)), ("used", ReasonValue.Bytes(used)),
        ("growth", ReasonValue.Bytes((long)(found.Slope * 60))), ("left", danger.After(found.Slope)),
        ("limit", danger.Neighbour is { } neighbour ? $"GPU {gpu} ({neighbour})" : $"GPU {gpu}"));
}
