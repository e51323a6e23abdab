using Headroom.Model;
using Headroom.Model.Reasons;
using Health = Headroom.Model.GpuHealth;

namespace Headroom.Decide.Rules;

/// <summary>Sick GPUs: no new work there, and people are told. Touches nothing that runs, but batch beside a protected workload on a GPU that slows itself down.</summary>
internal sealed class GpuHealthRule : IRule
{
    /// <summary>What happened is told for this long.</summary>
    private static readonly TimeSpan Told = TimeSpan.FromHours(1);
    /// <summary>A slowdown comes and goes by the second: it counts from the second look on, and is over after a minute without.</summary>
    private static readonly TimeSpan SlowOver = TimeSpan.FromSeconds(60);
    /// <summary>HW slowdown, HW thermal slowdown, HW power brake (nvml.h).</summary>
    private const ulong HardwareSlowdown = 0x8 | 0x40 | 0x80;
    /// <summary>A program's own faults; the same list as NVIDIA's k8s-device-plugin leaves a device healthy on.</summary>
    private static readonly int[] ProgramXids = [13, 31, 43, 45, 68, 109];

    public RuleName Name => RuleName.GpuHealth;

    /// <summary>Nothing may be started, woken or released onto it: it does not answer, or waits for a reset.</summary>
    public static bool TakesNoWork(GpuSample gpu) =>
        gpu.Health is Health.Lost or Health.Hung || gpu.Reliability.RecoveryAction.Known() is > 0 || gpu.Reliability.RemapFailed.Known() is > 0;

    public RuleOutput Judge(RuleInput input, PlannerMemory memory)
    {
        var records = new Dictionary<int, GpuRecord>();
        var proposals = new List<Proposal>();
        var remarks = new List<RuleRemark>();
        foreach (var gpu in input.Snapshot.Gpus)
        {
            var record = Record(gpu, memory.GpuHealth.Gpus.GetValueOrDefault(gpu.Index), input.Now);
            records[gpu.Index] = record;
            Tell(gpu, record, input.Now, remarks);
            if (TakesNoWork(gpu))
                KeepHeld(input, gpu, proposals);
            else if (IsSlow(record, input.Now))
                Throttle(input, gpu, proposals);
        }
        return new RuleOutput(memory with { GpuHealth = new GpuHealthMemory { Gpus = records } }, proposals, remarks);
    }

    private static GpuRecord Record(GpuSample gpu, GpuRecord? last, MonoTime now)
    {
        // A GPU that does not answer tells no XIDs: what was seen stays.
        var xids = last is null ? [] : new Dictionary<int, (long Count, MonoTime GrewAt)>(last.Xids);
        foreach (var xid in gpu.Reliability.Xids)
            if (!xids.TryGetValue(xid.Xid, out var seen) ? xid.Count > 0 : xid.Count != seen.Count)
                xids[xid.Xid] = (xid.Count, xid.Count > seen.Count ? now : seen.GrewAt);
        var record = last ?? new GpuRecord(xids, null, 0, null, null, null, now);
        if (gpu.Reliability.EccUncorrected.Known() is { } ecc)
        {
            // Counted since the driver was loaded: less than before is a new count.
            var more = record.Ecc is { } before ? ecc >= before ? ecc - before : ecc : 0;
            record = more > 0
                ? record with { EccNew = record.EccNew + more, EccSince = record.EccSince ?? now, EccAt = now }
                : record.EccAt is { } at && now - at > Told ? record with { EccNew = 0, EccSince = null, EccAt = null } : record;
            record = record with { Ecc = ecc };
        }
        if (gpu.Thermal.ThrottleReasonBits.Known() is { } bits && (bits & HardwareSlowdown) != 0)
            record = record with { SlowSince = record.SlowSince ?? now, SlowSeen = now };
        else if (record.SlowSince is not null && now - record.SlowSeen > SlowOver)
            record = record with { SlowSince = null };
        return record with { Xids = xids };
    }

    private static bool IsSlow(GpuRecord record, MonoTime now) => record.SlowSince is { } since && now > since && record.SlowSeen > since;

    private static void Tell(GpuSample gpu, GpuRecord record, MonoTime now, List<RuleRemark> remarks)
    {
        var index = ReasonValue.Count(gpu.Index);
        if (gpu.Health is Health.Lost or Health.Hung)
            Note(GpuHealthReasons.Gone.With(("gpu", index), ("health", gpu.Health.Word()), ("detail", gpu.HealthReason ?? "-")));
        if (gpu.Reliability.RecoveryAction.Known() is > 0 and var action)
            Note(GpuHealthReasons.Recovery.With(("gpu", index), ("action", ActionWords(action))));
        if (gpu.Reliability.RemapFailed.Known() is > 0)
            Note(GpuHealthReasons.RemapFailed.With(("gpu", index)));
        if (gpu.Reliability.RemapPending.Known() is > 0)
            Note(GpuHealthReasons.RemapPending.With(("gpu", index)));
        foreach (var (xid, seen) in record.Xids.OrderBy(x => x.Key))
            if (now - seen.GrewAt <= Told)
                Note((ProgramXids.Contains(xid) ? GpuHealthReasons.ProgramXid : GpuHealthReasons.Xid).With(
                    ("gpu", index), ("xid", ReasonValue.Count(xid)), ("count", ReasonValue.Count(seen.Count))));
        if (record is { EccNew: > 0, EccSince: { } since })
            Note(GpuHealthReasons.Ecc.With(("gpu", index), ("count", ReasonValue.Count(record.EccNew)), ("age", now - since)));
        if (IsSlow(record, now))
            Note(GpuHealthReasons.Slowed.With(("gpu", index), ("reasons", SlowWords(gpu))));

        void Note(Reason reason) => remarks.Add(new RuleRemark(Verdict.Note, null, gpu.Index, null, reason));
    }

    /// <summary>What is held there stays held: on a GPU that does not answer a release may hang in the driver.</summary>
    private void KeepHeld(RuleInput input, GpuSample gpu, List<Proposal> proposals)
    {
        foreach (var hold in input.Snapshot.Act.Holds)
        {
            RunLimit? limit = hold.Lever switch
            {
                Lever.Pause => RunLimit.Paused,
                Lever.Sleep => RunLimit.Asleep,
                Lever.Stop => RunLimit.Stopped,
                _ => null,
            };
            if (limit is not { } same || input.Near.Find(hold.Workload.Name) is not { } workload || !input.Near.GpusOf(workload.Name).Contains(gpu.Index))
                continue;
            proposals.Add(new RunProposal(Name, workload.Container.Id, GpuHealthReasons.StaysHeld.With(
                ("workload", workload.Name), ("gpu", ReasonValue.Count(gpu.Index)), ("detail", Detail(gpu))), same));
        }
    }

    private void Throttle(RuleInput input, GpuSample gpu, List<Proposal> proposals)
    {
        WorkloadSnapshot? first = null;
        foreach (var workload in input.Near.On(gpu.Index))
            if (workload is { Policy: { Protected: true, Priority: > Priority.Batch }, Container.Runs: true }
                && (first is null || workload.Policy.Priority > first.Policy.Priority
                    || workload.Policy.Priority == first.Policy.Priority && string.CompareOrdinal(workload.Name, first.Name) < 0))
                first = workload;
        if (first is null)
            return;
        foreach (var workload in input.Near.On(gpu.Index).Where(w => w.Container.Runs && w.Policy.Priority == Priority.Batch).OrderBy(w => w.Name, StringComparer.Ordinal))
            proposals.Add(new RunProposal(Name, workload.Container.Id, GpuHealthReasons.Throttled.With(
                ("workload", workload.Name), ("share", ReasonValue.Ratio(workload.Policy.Floor)), ("gpu", ReasonValue.Count(gpu.Index)),
                ("reasons", SlowWords(gpu)), ("protected", first.Name)), RunLimit.AtShare(workload.Policy.Floor), first.Name));
    }

    private static string Detail(GpuSample gpu) => gpu.Health is Health.Lost or Health.Hung
        ? gpu.HealthReason ?? gpu.Health.Word()
        : gpu.Reliability.RecoveryAction.Known() is > 0 and var action ? ActionWords(action) : "row remap failed";

    /// <summary>NVML field 230.</summary>
    private static string ActionWords(int action) => action switch
    {
        1 => "GPU reset",
        2 => "reboot",
        3 => "drain P2P",
        4 => "drain and reset",
        5 => "recover IMEX",
        _ => $"action {action}",
    };

    private static string SlowWords(GpuSample gpu) => gpu.Thermal.ThrottleReasonBits.Known() is { } bits && (bits & HardwareSlowdown) != 0
        ? string.Join(", ", ThrottleReasons.Names(bits & HardwareSlowdown))
        : "until a minute ago";
}
