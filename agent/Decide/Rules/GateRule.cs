using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Decide.Rules;

/// <summary>Who stands aside for whom: batch yields to a protected workload of higher priority on its GPU, as long as its requests are seen well and leave room
/// between them. A share of the time is for those that are in flight nearly always and bear it.</summary>
internal sealed class GateRule : IRule
{
    private const double RoomAgain = 0.9;
    private const double NoRoom = 0.95;
    /// <summary>A burst passes; a language model under load does not.</summary>
    private static readonly TimeSpan NoRoomFor = TimeSpan.FromMinutes(10);
    /// <summary>Pauses shorter than it takes batch to stop (or than stopping and starting it costs) are not worth opening for: it stays closed over them.</summary>
    private static readonly TimeSpan LeastWorth = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestLinger = TimeSpan.FromMilliseconds(20);
    /// <summary>Requests that are not seen well for so long are no reason to give a gate up: it is open by itself where nothing can be told.</summary>
    private static readonly TimeSpan Blink = TimeSpan.FromSeconds(10);
    /// <summary>A gate that Act has not made by then may never be: whoever throttles by latency counts on it no more.</summary>
    private static readonly TimeSpan MadeWithin = TimeSpan.FromSeconds(10);

    public RuleName Name => RuleName.Gate;

    public RuleOutput Judge(RuleInput input, PlannerMemory memory)
    {
        var work = new Work(input, memory.Gate);
        foreach (var batch in input.Snapshot.Workloads)
            if (batch.Policy.Yields == Yields.Gate && batch.Container.Runs)
                foreach (var gpu in input.Near.GpusOf(batch.Name))
                    work.Judge(batch, gpu);
        return new RuleOutput(memory with { Gate = work.Memory() }, work.Proposals, work.Remarks);
    }

    private sealed class Work(RuleInput input, GateMemory before)
    {
        private readonly HashSet<(string, string)> _pairs = [];
        private readonly HashSet<(string, string)> _shared = [];
        private readonly Dictionary<string, MonoTime> _busySince = [];
        private readonly Dictionary<string, MonoTime> _seenAt = [];
        private readonly Dictionary<string, MonoTime> _wantedSince = [];

        public List<Proposal> Proposals { get; } = [];
        public List<RuleRemark> Remarks { get; } = [];

        public GateMemory Memory() => new()
        {
            At = input.Now,
            Pairs = _pairs,
            Shared = _shared,
            BusySince = _busySince,
            SeenAt = _seenAt,
            WantedSince = _wantedSince,
            JustShared = _shared.Where(before.Pairs.Contains).Select(pair => pair.Item1).ToHashSet(),
        };

        public void Judge(WorkloadSnapshot batch, int gpu)
        {
            List<WorkloadId>? to = null;
            var (via, linger) = (GateVia.Freezer, TimeSpan.Zero);
            var state = input.Snapshot.Act.Gates.FirstOrDefault(g => g.Workload.IsSameLife(batch.Container.Id));
            var floor = batch.Policy.Floor;
            foreach (var other in input.Near.On(gpu))
            {
                if (!Ranks.Protects(other, batch))
                    continue;
                var pair = (batch.Name, other.Name);
                var isSeen = other.Activity is { Confidence: ActivityConfidence.High };
                if (isSeen)
                    _seenAt[other.Name] = input.Now;
                else if (before.SeenAt.TryGetValue(other.Name, out var seenAt) && input.Now - seenAt <= Blink)
                    _seenAt[other.Name] = seenAt;
                if (other.Activity is not { } activity || !isSeen && !(before.Pairs.Contains(pair) && _seenAt.ContainsKey(other.Name)))
                {
                    // Who stood aside until now gets a share at once, where its latency is known and can give it back; one missed look is no reason to begin anew.
                    if (before.Shared.Contains(pair) || before.Pairs.Contains(pair) && other.Pressure.State is ReadingState.Fresh or ReadingState.Idle)
                        _shared.Add(pair);
                    if (before.BusySince.TryGetValue(other.Name, out var busySince))
                        _busySince[other.Name] = busySince;
                    Remarks.Add(new(Verdict.Refuse, batch.Name, gpu, Lever.Gate, GateReasons.NotSeen.With(
                        ("workload", batch.Name), ("protected", other.Name), ("why", other.Activity?.Why ?? "nobody has looked yet"))));
                    continue;
                }
                if (!MayGate(pair, other.Name, activity.BusyRatio))
                {
                    _shared.Add(pair);
                    Remarks.Add(new(Verdict.Refuse, batch.Name, gpu, Lever.Gate, GateReasons.TooBusy.With(
                        ("workload", batch.Name), ("protected", other.Name), ("busy", ReasonValue.Ratio(activity.BusyRatio)))));
                    continue;
                }
                var lever = GateLever.Choose(state, other, before.Shared.Contains(pair));
                if (lever.Via is not { } hand)
                {
                    _shared.Add(pair);
                    Remarks.Add(new(Verdict.Refuse, batch.Name, gpu, Lever.Gate, GateReasons.TooSlow.With(
                        ("workload", batch.Name), ("protected", other.Name), ("drain", ReasonValue.Seconds(lever.Drain!.Value.TotalSeconds)), ("request", lever.Request is { } takes ? ReasonValue.Seconds(takes.TotalSeconds) : (ReasonValue)"an unknown time"))));
                    continue;
                }
                via = hand == GateVia.Launch ? hand : via;
                linger = Longer(linger, LingerFor(activity, via == GateVia.Launch ? state?.LaunchDrain : state?.FreezerDrain));
                (to ??= []).Add(other.Container.Id);
                // A burst that fills its queue has no room for anybody: whoever stands aside gets its floor only while nobody waits and the latency allows it.
                if (Hurts(other) || other.Latency?.Waiting > 0)
                    floor = 0;
            }
            if (to is null)
                return;
            var proposal = new YieldProposal(RuleName.Gate, batch.Container.Id, GateReasons.Yields.With(
                ("workload", batch.Name), ("protected", string.Join(", ", to.Select(id => id.Name)))), gpu, to, floor, linger, via);
            Proposals.Add(proposal);
            var since = _wantedSince[batch.Name] = before.WantedSince.GetValueOrDefault(batch.Name, input.Now);
            var isMissing = input.Snapshot.Mode == Mode.Enforce && state is { Via: null } && input.Now - since > MadeWithin;
            // Only a gate that may be, and is, is one: else the workload must be held another way.
            if (!isMissing && Admission.Judge(proposal, batch, input).Refusal is null)
                _pairs.UnionWith(to.Select(id => (batch.Name, id.Name)));
        }

        /// <summary>Given up when it has long been busy all the time: batch would starve. Taken up again when there is room between requests.</summary>
        private bool MayGate((string, string) pair, string other, double busy)
        {
            if (before.Shared.Contains(pair))
                return busy < RoomAgain;
            if (busy < NoRoom)
                return true;
            var since = before.BusySince.GetValueOrDefault(other, input.Now);
            _busySince[other] = since;
            return input.Now - since < NoRoomFor;
        }

        private static TimeSpan LingerFor(WorkloadActivity activity, TimeSpan? drain)
        {
            var worth = Longer(drain ?? TimeSpan.Zero, LeastWorth);
            return activity.MedianGap is not { } gap || gap >= worth ? TimeSpan.Zero : worth < LongestLinger ? worth : LongestLinger;
        }

        private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;

        private bool Hurts(WorkloadSnapshot other) => other.Pressure.Known() > input.Policy.Rules.LatencyGuard.LeaveBelow;
    }
}
