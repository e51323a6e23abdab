using Headroom.Decide.Rules.Vram;
using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Decide.Rules;

/// <summary>Shares each GPU's memory out: guarantees first, then by priority and weight to those that use it.</summary>
internal sealed class VramCapsRule : IRule
{
    /// <summary>While a GPU's memory is not known its caps stay this long, and are given back then.</summary>
    private static readonly TimeSpan Blind = TimeSpan.FromSeconds(60);

    public RuleName Name => RuleName.VramCaps;

    public RuleOutput Judge(RuleInput input, PlannerMemory memory)
    {
        var run = new Run(input, memory.VramCaps);
        foreach (var gpu in input.Snapshot.Gpus)
            run.Judge(gpu);
        return new RuleOutput(memory with { VramCaps = run.Memory }, run.Proposals, run.Remarks);
    }

    /// <summary>One judgement: what it has gathered so far.</summary>
    private sealed class Run(RuleInput input, VramCapsMemory last)
    {
        private readonly Dictionary<(string, int), CapEntry> _caps = new(last.Caps.Count);
        private readonly Dictionary<(string, int), WantEntry> _wants = new(last.Wants.Count);
        private readonly Dictionary<int, MonoTime> _starved = [];
        private readonly Dictionary<(string, int), EvictedEntry> _evicted = [];
        private readonly Dictionary<int, MonoTime> _known = [];

        public List<Proposal> Proposals { get; } = [];
        public List<RuleRemark> Remarks { get; } = [];
        public VramCapsMemory Memory => new() { Caps = _caps, Wants = _wants, StarvedSince = _starved, Evicted = _evicted, KnownAt = _known };

        private VramStrategy Strategy => input.Policy.Vram.Strategy;

        public void Judge(GpuSample sample)
        {
            var gpu = sample.Index;
            if (sample.Identity.MigEnabled)
            {
                if (input.Near.On(gpu).Any(w => w.Policy.CapBytes is not null))
                    Remark(Verdict.Refuse, null, gpu, VramCapsReasons.Split.With(("gpu", ReasonValue.Count(gpu))));
                return;
            }
            var attribution = input.Snapshot.Attribution.FirstOrDefault(a => a.Gpu == gpu);
            if (sample.Health != Model.GpuHealth.Ok || sample.Memory.Known() is not { TotalBytes: > 0 } memory || attribution is null)
            {
                Stay(gpu);
                return;
            }
            _known[gpu] = input.Now;
            var book = GpuBook.Of(sample, memory, attribution, input);
            TellBook(book);
            ShareOut(book, attribution);
            if (Strategy != VramStrategy.Priority)
                return;
            var eviction = Eviction.Judge(book, input, last.StarvedSince.TryGetValue(gpu, out var since) ? since : null, Evicted(gpu));
            if (eviction.Since is { } from)
                _starved[gpu] = from;
            foreach (var (name, entry) in eviction.Out)
                _evicted[(name, gpu)] = entry;
            Proposals.AddRange(eviction.Proposals);
            Remarks.AddRange(eviction.Remarks);
        }

        private Dictionary<string, EvictedEntry> Evicted(int gpu) =>
            last.Evicted.Where(e => e.Key.Gpu == gpu).OrderBy(e => e.Key.Workload, StringComparer.Ordinal).ToDictionary(e => e.Key.Workload, e => e.Value);

        private void ShareOut(GpuBook book, GpuAttribution attribution)
        {
            var claims = book.Claims;
            if (claims.Count == 0)
                return;
            var before = new CapEntry?[claims.Count];
            for (var i = 0; i < claims.Count; i++)
                before[i] = last.Caps.GetValueOrDefault((claims[i].Name, book.Gpu));
            var allotment = Strategy switch
            {
                VramStrategy.Fixed => Allotment.Fixed(book),
                VramStrategy.Dynamic => Allotment.ByUse(book, null),
                _ => Allotment.ByUse(book, Wants(book)),
            };
            // What nothing enforces frees no room for others. Fixed caps are asked for all the same: then it is told once more, by Act.
            if (Strategy != VramStrategy.Fixed)
                for (var i = 0; i < claims.Count; i++)
                    if (WatchOnly(claims[i], book.Gpu) is { } reach)
                    {
                        allotment.Bytes[i] = null;
                        Remark(Verdict.Note, claims[i].Name, book.Gpu, VramCapsReasons.WatchOnly.With(("workload", claims[i].Name), ("gpu", ReasonValue.Count(book.Gpu)), ("why", reach.Why)));
                    }
            if (Strategy == VramStrategy.Fixed && allotment.Sum > book.Room)
                Remark(Verdict.Note, null, book.Gpu, VramCapsReasons.Overcommitted.With(
                    ("gpu", ReasonValue.Count(book.Gpu)), ("sum", ReasonValue.Bytes(allotment.Sum)), ("room", ReasonValue.Bytes(book.Room))));
            // Guarantees that can't all be kept: no move would make it better.
            var caps = book.Fits || Strategy == VramStrategy.Fixed ? CapLedger.Step(book, allotment.Bytes, before, input.Now) : before;
            for (var i = 0; i < claims.Count; i++)
            {
                if (!claims[i].Runs || caps[i] is not { } cap || Strategy != VramStrategy.Fixed && IsStarting(claims[i]))
                    continue;
                _caps[(claims[i].Name, book.Gpu)] = cap;
                Proposals.Add(new CapProposal(Name, claims[i].Workload.Container.Id, Why(book, claims[i], cap.Bytes, allotment), book.Gpu, cap.Bytes));
            }
            TellWorkloads(book, attribution);
        }

        private CapReach? WatchOnly(Claim claim, int gpu)
        {
            foreach (var reach in input.Snapshot.Act.Caps)
                if (reach.Backend == CapBackend.Watch && reach.Gpu == gpu && reach.Workload.IsSameLife(claim.Workload.Container.Id))
                    return reach;
            return null;
        }

        /// <summary>What it holds while it loads says nothing of what it needs: a cap that follows use would kill it each time anew.</summary>
        private bool IsStarting(Claim claim) => (input.Wall - claim.Workload.Container.Id.StartedAt).Duration() < input.Policy.Rules.VramCaps.StartUp;

        private static RuleName Name => RuleName.VramCaps;

        private long[] Wants(GpuBook book)
        {
            var wants = new long[book.Claims.Count];
            for (var i = 0; i < wants.Length; i++)
            {
                var key = (book.Claims[i].Name, book.Gpu);
                var want = Watermarks.Step(book, book.Claims[i], last.Wants.GetValueOrDefault(key), input.Now);
                _wants[key] = want;
                wants[i] = want.Bytes;
            }
            return wants;
        }

        private Reason Why(GpuBook book, Claim claim, long cap, Allotment allotment)
        {
            var (workload, gpu) = ((ReasonValue)claim.Name, ReasonValue.Count(book.Gpu));
            if (Strategy == VramStrategy.Fixed)
                return claim.Written is { } written && cap < written
                    ? VramCapsReasons.ShrunkToFit.With(("workload", workload), ("cap", ReasonValue.Bytes(cap)), ("written", ReasonValue.Bytes(written)),
                        ("gpu", gpu), ("sum", ReasonValue.Bytes(allotment.Sum)), ("room", ReasonValue.Bytes(book.Room)))
                    : VramCapsReasons.AsWritten.With(("workload", workload), ("cap", ReasonValue.Bytes(cap)), ("gpu", gpu), ("used", ReasonValue.Bytes(claim.Used)));
            if (cap < claim.Base && allotment.SqueezedFor > claim.Priority)
                return VramCapsReasons.NoGrowth.With(("workload", workload), ("cap", ReasonValue.Bytes(cap)), ("gpu", gpu),
                    ("protected", book.Claims.First(c => c.Priority == allotment.SqueezedFor).Name));
            return VramCapsReasons.FollowsUse.With(("workload", workload), ("cap", ReasonValue.Bytes(cap)), ("gpu", gpu), ("used", ReasonValue.Bytes(claim.Used)),
                ("guarantee", ReasonValue.Bytes(claim.Guarantee)), ("room", ReasonValue.Bytes(book.Room)));
        }

        private void TellBook(GpuBook book)
        {
            if (book.Claims.Count == 0)
                return;
            var gpu = ReasonValue.Count(book.Gpu);
            var bare = book.Claims.Sum(c => c.Bare);
            if (!book.Fits)
                Remark(Verdict.Refuse, null, book.Gpu, VramCapsReasons.GuaranteesDoNotFit.With(
                    ("gpu", gpu), ("guarantees", ReasonValue.Bytes(book.Guarantees)), ("room", ReasonValue.Bytes(book.Room))));
            else if (book.Reserve < book.Written)
                Remark(Verdict.Note, null, book.Gpu, VramCapsReasons.ReserveShrunk.With(("gpu", gpu), ("reserve", ReasonValue.Bytes(book.Reserve)),
                    ("written", ReasonValue.Bytes(book.Written)), ("total", ReasonValue.Bytes(book.Total))));
            if (book.Fits && bare > book.Room)
                Remark(Verdict.Note, null, book.Gpu, VramCapsReasons.Full.With(
                    ("gpu", gpu), ("held", ReasonValue.Bytes(bare)), ("room", ReasonValue.Bytes(book.Room))));
        }

        private void TellWorkloads(GpuBook book, GpuAttribution attribution)
        {
            var gpu = ReasonValue.Count(book.Gpu);
            foreach (var claim in book.Claims)
                if (claim.Written is { } written && claim.Used > written)
                    Remark(Verdict.Refuse, claim.Name, book.Gpu, VramCapsReasons.HoldsMore.With(("workload", claim.Name),
                        ("used", ReasonValue.Bytes(claim.Used)), ("gpu", gpu), ("written", ReasonValue.Bytes(written))));
            if (Strategy == VramStrategy.Fixed)
                return;
            foreach (var share in attribution.Shares)
                if (share.HiddenProcesses > 0 && input.Near.Find(share.Workload)?.Policy is { Managed: true, Exempt: false })
                    Remark(Verdict.Refuse, share.Workload, book.Gpu, VramCapsReasons.Hidden.With(
                        ("workload", share.Workload), ("gpu", gpu), ("processes", ReasonValue.Count(share.HiddenProcesses))));
        }

        /// <summary>Nothing new on a GPU whose memory is not known; what stands, stays for a while.</summary>
        private void Stay(int gpu)
        {
            if (!last.KnownAt.TryGetValue(gpu, out var known) || input.Now - known > Blind)
                return;
            _known[gpu] = known;
            var reason = VramCapsReasons.Unknown.With(("gpu", ReasonValue.Count(gpu)), ("age", input.Now - known), ("limit", Blind));
            var kept = false;
            foreach (var workload in input.Near.On(gpu).OrderBy(w => w.Name, StringComparer.Ordinal))
            {
                var key = (workload.Name, gpu);
                if (last.Wants.TryGetValue(key, out var want))
                    _wants[key] = want;
                if (workload.Container.Runs && last.Caps.TryGetValue(key, out var cap))
                {
                    kept = true;
                    _caps[key] = cap;
                    Proposals.Add(new CapProposal(Name, workload.Container.Id, reason, gpu, cap.Bytes));
                }
                if (last.Evicted.TryGetValue(key, out var entry))
                {
                    kept = true;
                    _evicted[key] = entry;
                    Proposals.Add(new RunProposal(Name, workload.Container.Id, reason,
                        entry.Limit == RunState.Asleep ? RunLimit.Asleep : RunLimit.Stopped, entry.For));
                }
            }
            if (kept)
                Remark(Verdict.Note, null, gpu, reason);
        }

        private void Remark(Verdict verdict, string? workload, int gpu, Reason reason) =>
            Remarks.Add(new RuleRemark(verdict, workload, gpu, Lever.Cap, reason));
    }
}
