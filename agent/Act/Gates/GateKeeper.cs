using Headroom.Act.Actuators;
using Headroom.Act.Freezing;
using Headroom.Act.Hands;
using Headroom.Model;
using Microsoft.Extensions.Logging;

namespace Headroom.Act.Gates;

/// <summary>Keeps the gates of all batch containers as the newest plan wants them. A task of its own, one step after the other; the newest wish counts. The right to close is journaled
/// and held once; each closing after that is the freezer thread's, which asks the lease before it. A gate is a compute hold: given back at every start, by the guard, and at the end.</summary>
internal sealed partial class GateKeeper(GatePlaces places, FlightBoard board, HandTools tools, FreeUseBook freeUse)
{
    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(5);
    /// <summary>A gate that could not close so often since it was looked at last is not one.</summary>
    private const int TooManyFailures = 3;
    private const int UselessAfter = 2;
    /// <summary>Far above what all steps of a round take by their own limits.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly YieldLaw Nobody = new([], default);

    private readonly PlanMailbox _mail = new();
    private readonly Dictionary<string, HeldGate> _held = [];
    private readonly Dictionary<string, (int Failures, MonoTime NotBefore)> _rests = [];
    private readonly HashSet<string> _told = [];
    private readonly HashSet<string> _leftToPeople = [];
    private readonly DrainBook _drains = new();
    private readonly Dictionary<string, TimeSpan?> _launchDrains = [];
    private readonly Lock _releasing = new();
    private readonly List<string?> _releases = [];
    private GateView _view = GateView.Nothing;
    private long _deadline = long.MaxValue;

    /// <param name="Failures">Of the freezer, when it was last seen to have frozen.</param>
    /// <param name="Freezes">Of the freezer, then.</param>
    private sealed record HeldGate(Hold Hold, FreezeTarget Place, YieldLaw Law, GateVia Via, long Failures, long Freezes);

    /// <summary>What is held, known and left to people; whole, as of the last step. The meters are of now.</summary>
    public GateView View
    {
        get
        {
            var view = Volatile.Read(ref _view);
            var meters = tools.Freezer.Meters;
            return view with { Gates = [.. view.Gates.Select(g => WithMeter(g, meters))] };
        }
    }

    /// <summary>Before the first wish: what an earlier agent held and could not give back.</summary>
    public void Adopt(IEnumerable<Hold> holds)
    {
        foreach (var hold in holds)
            _held[hold.Workload.InstanceId] = new HeldGate(hold, GatePlaces.Of(hold, null), Nobody, hold.Undo?.Kind == UndoKind.RunsOut ? GateVia.Launch : GateVia.Freezer, 0, 0);
        Volatile.Write(ref _view, GateView.Nothing with { Holds = [.. _held.Values.Select(h => h.Hold)] });
    }

    /// <summary>A step does not come back.</summary>
    public bool Hangs => Now.SinceOrigin.Ticks > Volatile.Read(ref _deadline);

    /// <summary>As of the last step.</summary>
    public bool Holds(string instanceId) => Volatile.Read(ref _view).Holds.Any(h => h.Workload.InstanceId == instanceId);

    public void Want(PlanWish wish) => _mail.Want(wish);

    /// <summary>A person wants the gate of this workload taken away; null: of all.</summary>
    public void Release(string? workload)
    {
        lock (_releasing)
            _releases.Add(workload);
        _mail.Signal();
    }

    /// <summary>Until cancelled; what is held is given back by whoever asked.</summary>
    public Task RunAsync(CancellationToken stop) => _mail.RunAsync(SettleTimedAsync, (wish, e) =>
    {
        LogFailed(tools.Log, e);
        Broke(wish, e.Message);
    }, stop);

    /// <summary>At the end of the agent, after <see cref="RunAsync"/>: no gate outlives it.</summary>
    /// <returns>Whether none is left.</returns>
    public async Task<bool> EndAsync()
    {
        if (_mail.Newest is { } wish)
            foreach (var id in _held.Keys.ToList())
                await GiveBackAsync(id, wish);
        return _held.Count == 0;
    }

    private MonoTime Now => tools.Time.Mono();

    private async Task SettleTimedAsync(PlanWish wish, CancellationToken stop)
    {
        Volatile.Write(ref _deadline, (Now + Patience).SinceOrigin.Ticks);
        try
        {
            await SettleAsync(wish, stop);
        }
        finally
        {
            Volatile.Write(ref _deadline, long.MaxValue);
        }
    }

    private async Task SettleAsync(PlanWish wish, CancellationToken stop)
    {
        TakeReleases(wish);
        var wanted = WantedGate.Of(wish);
        var seen = wish.Snapshot.Workloads.ToDictionary(w => w.Container.Id.InstanceId);
        foreach (var id in _held.Keys.ToList())
        {
            var gate = _held[id];
            if (WhyOver(gate.Hold, seen.GetValueOrDefault(id), wish) is { } why)
                await DropAsync(id, why, wish);
            else if (IsWanted(wanted.GetValueOrDefault(id), gate, wish))
                await KeepAsync(id, gate, wanted[id], wish);
            else
                await GiveBackAsync(id, wish);
        }
        foreach (var (id, one) in wanted)
            if (!_held.ContainsKey(id) && !wish.OnlyKeep && !_leftToPeople.Contains(one.Batch.Name) && MayTry(id))
                await TakeAsync(id, one, wish, stop);
        _told.RemoveWhere(id => !wanted.ContainsKey(id));
        foreach (var gone in _rests.Keys.Where(id => !seen.ContainsKey(id)).ToList())
            _rests.Remove(gone);
        See(wish);
        Publish(wish, wanted);
    }

    private bool IsWanted(WantedGate? wanted, HeldGate gate, PlanWish wish) =>
        !wish.OnlyKeep && wanted is { Mode: Mode.Enforce } && wanted.Via == gate.Via && !_leftToPeople.Contains(wanted.Batch.Name) && tools.MayAct();

    private static string? WhyOver(Hold hold, WorkloadSnapshot? seen, PlanWish wish) =>
        seen is null ? wish.DockerAnswers ? "the container is gone" : null
        : !seen.Container.Id.IsSameLife(hold.Workload) ? "that life of the container has ended"
        : !seen.Container.Runs ? $"it ended ({seen.Container.State})" : null;

    private async Task TakeAsync(string id, WantedGate wanted, PlanWish wish, CancellationToken stop)
    {
        if (wanted.Mode < Mode.Enforce)
        {
            if (_told.Add(id))
                Tell(StepKind.Take, wanted.Batch.Container.Id, new StepResult(OutcomeResult.DryRun, "would stand aside in mode enforce"), wish, wanted.Reason, wanted.Mode);
            return;
        }
        var (container, refusal) = await tools.Permission.AskAsync(wanted.Batch.Container.Id, wanted.Mode, wish.Policy, stop);
        var place = container is null ? null : places.Of(container.Sample, wanted.Via);
        if (place is { Problem: { } problem })
            refusal = StepResult.Refused(problem);
        if (refusal is not null)
        {
            Rest(id);
            if (refusal.Result != OutcomeResult.Drifted && _told.Add(id))
                Tell(StepKind.Take, wanted.Batch.Container.Id, refusal, wish, wanted.Reason, wanted.Mode);
            return;
        }
        var hold = new Hold(wanted.Batch.Container.Id, Lever.Gate, RuleName.Gate, wanted.Times.Floor, null, null, tools.Time.GetUtcNow())
        {
            Undo = place!.Undo, Previous = "runs all the time", Reason = wanted.Reason,
        };
        try
        {
            hold = tools.Journal.Take(hold);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Rest(id);
            Tell(StepKind.Take, wanted.Batch.Container.Id, StepResult.Refused($"not in the journal, so not done: {e.Message} Is the disk of the state directory full or read-only?"), wish, wanted.Reason, wanted.Mode);
            return;
        }
        var target = place.Target!;
        var law = LawOf(wanted);
        _held[id] = new HeldGate(hold, target, law, wanted.Via, 0, 0);
        tools.Crash.Pass("journal.taken");
        if (places.Gather(target) is { } inTheWay)
        {
            // Nothing stands still, and nothing broke: cgroups of its own, processes of another namespace. Told once.
            End(id, inTheWay);
            Rest(id);
            if (_told.Add(id))
                Tell(StepKind.Take, hold.Workload, StepResult.Refused(inTheWay), wish, wanted.Reason, wanted.Mode);
            return;
        }
        var answer = await tools.Freezer.YieldAsync(target, law, wish.Policy.Limits.MaxFreeze);
        tools.Crash.Pass("effect.taken");
        var result = answer.Confirmed ? StepResult.Done(answer.Words) : new StepResult(OutcomeResult.Unverified, answer.Words, CountsAsFailure: !answer.Waits);
        Tell(StepKind.Take, hold.Workload, result, wish, wanted.Reason, wanted.Mode, hold);
        if (answer.Confirmed)
        {
            _rests.Remove(id);
            _told.Remove(id);
            _held[id] = Marked(_held[id]);
            return;
        }
        Rest(id);
        await GiveBackAsync(id, wish);
    }

    /// <summary>The same gate with other settings, or as it is; one that does not work is given back.</summary>
    private async Task KeepAsync(string id, HeldGate gate, WantedGate wanted, PlanWish wish)
    {
        var meter = tools.Freezer.Meters.GetValueOrDefault(gate.Place.Id);
        // Since it was last seen to work: failures are far apart, as each is followed by a rest.
        if (meter is not null && meter.Freezes > gate.Freezes)
            gate = Marked(gate);
        else if (meter is not null && meter.Failures - gate.Failures >= TooManyFailures)
        {
            var words = meter.Error ?? "it could not be closed";
            Tell(StepKind.Take, gate.Hold.Workload, new StepResult(OutcomeResult.Unverified, words, true), wish, wanted.Reason, wanted.Mode, gate.Hold);
            Rest(id);
            await GiveBackAsync(id, wish);
            return;
        }
        if (_drains.UselessOf(id) >= UselessAfter)
        {
            Useless(gate.Hold.Workload.Name);
            Tell(StepKind.Take, gate.Hold.Workload,
                new StepResult(OutcomeResult.Ineffective, "closed, its GPU use goes on as before (work queued long ahead, or processes outside of the container); the gate is not used on it for a day"), wish, wanted.Reason, wanted.Mode, gate.Hold);
            _drains.Forget(id);
            await GiveBackAsync(id, wish);
            return;
        }
        var hold = gate.Hold with { Share = wanted.Times.Floor, Reason = wanted.Reason, Stuck = null };
        var law = LawOf(wanted);
        _held[id] = gate with { Hold = hold, Law = law };
        // What a command (`docker exec`) has started since stands outside of our cell.
        if (places.Settle(gate.Place) is { } problem)
            LogOutside(tools.Log, wanted.Batch.Name, problem);
        // The freezer lets go of what it can't reach any more.
        if (law.Equals(gate.Law) && meter is { IsThere: true })
            return;
        var answer = await tools.Freezer.YieldAsync(gate.Place, law, wish.Policy.Limits.MaxFreeze);
        if (answer.Confirmed || answer.Waits)
            return;
        Tell(StepKind.Take, hold.Workload, new StepResult(OutcomeResult.Unverified, answer.Words), wish, wanted.Reason, wanted.Mode, hold);
        Rest(id);
        await GiveBackAsync(id, wish);
    }

    private async Task GiveBackAsync(string id, PlanWish wish)
    {
        var gate = _held[id];
        if (gate.Hold.Stuck is not null && !MayTry(id))
            return;
        var answer = await tools.Freezer.UngateAsync(gate.Place);
        tools.Crash.Pass("effect.given-back");
        if (answer.Confirmed)
        {
            End(id, answer.Words);
            Tell(StepKind.GiveBack, gate.Hold.Workload, StepResult.Done(answer.Words), wish, null, Mode.Enforce, gate.Hold);
            return;
        }
        Rest(id);
        if (gate.Hold.Stuck is null)
            Tell(StepKind.GiveBack, gate.Hold.Workload, new StepResult(OutcomeResult.Unverified, answer.Words, true), wish, null, Mode.Enforce, gate.Hold);
        // Wanted again, it is taken anew.
        _held[id] = gate with { Hold = gate.Hold with { Stuck = answer.Words }, Law = Nobody };
    }

    private async Task DropAsync(string id, string why, PlanWish wish)
    {
        var gate = _held[id];
        // Nothing of the dead life is left to write to; the freezer only forgets it.
        await tools.Freezer.UngateAsync(gate.Place);
        _drains.Forget(id);
        _launchDrains.Remove(id);
        End(id, why);
        Tell(StepKind.Drop, gate.Hold.Workload, StepResult.Drifted(why), wish, null, Mode.Enforce, gate.Hold);
    }

    private void See(PlanWish wish)
    {
        var meters = tools.Freezer.Meters;
        foreach (var (id, gate) in _held)
            if (meters.GetValueOrDefault(gate.Place.Id)?.Gate is not { } meter)
                continue;
            else if (gate.Via == GateVia.Launch)
                _launchDrains[id] = meter.Drain ?? _launchDrains.GetValueOrDefault(id);
            else
                _drains.See(id, meter, FreeUseBook.NowOf(wish.Snapshot, id), freeUse[id], wish.Snapshot.Mono);
    }

    private YieldLaw LawOf(WantedGate wanted) => new([.. wanted.Protected.Select(p => board.CellOf(p.InstanceId))], wanted.Times);

    private HeldGate Marked(HeldGate gate) => tools.Freezer.Meters.GetValueOrDefault(gate.Place.Id) is { } meter ? gate with { Failures = meter.Failures, Freezes = meter.Freezes } : gate;
}

/// <param name="LeftToPeople">Workloads of which a person took the gate away.</param>
internal sealed record GateView(IReadOnlyList<Hold> Holds, IReadOnlyList<GateState> Gates, IReadOnlyList<string> LeftToPeople)
{
    public static readonly GateView Nothing = new([], [], []);
}
