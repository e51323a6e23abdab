using Headroom.Act.Actuators;
using Headroom.Act.Hands;
using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Act.Caps;

/// <summary>Keeps the VRAM caps of all containers as the newest plan wants them. A task of its own, one step after the other; the newest wish counts. A cap is a state hold: it outlives
/// the agent and is adopted by the next one. Level-triggered: what was changed meanwhile is found by looking and set anew, or left to whoever changed it.</summary>
internal sealed partial class CapKeeper(CapProbe probe, HandTools tools)
{
    /// <summary>How often it is looked whether a cap still stands.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(5);

    private readonly PlanMailbox _mail = new();
    private readonly Dictionary<(string Id, int Gpu), Hold> _holds = [];
    private readonly Dictionary<(string Id, int Gpu), (int Failures, MonoTime NotBefore)> _rests = [];
    private readonly HashSet<(string Id, int Gpu)> _told = [];
    /// <summary>Not sure to be in force: a step did not end well, or an earlier agent may have ended between journal and effect.</summary>
    private readonly HashSet<(string Id, int Gpu)> _inDoubt = [];
    private readonly HashSet<string> _leftToPeople = [];
    private readonly PageTender _pages = new();
    private readonly Lock _releasing = new();
    private readonly List<string?> _releases = [];
    private CapView _view = new([], [], []);
    private MonoTime _lookedAt;

    /// <summary>What is held, can be reached and is left to people; whole, as of the last step.</summary>
    public CapView View => Volatile.Read(ref _view);

    /// <summary>Before the first wish: what an earlier agent has set.</summary>
    public void Adopt(IEnumerable<Hold> holds)
    {
        foreach (var hold in holds)
            if (hold.Gpu is { } gpu)
            {
                _holds[(hold.Workload.InstanceId, gpu)] = hold;
                _inDoubt.Add((hold.Workload.InstanceId, gpu));
            }
        Publish([]);
    }

    public void Want(PlanWish wish) => _mail.Want(wish);

    /// <summary>A person wants the caps of this workload lifted; null: of all.</summary>
    public void Release(string? workload)
    {
        lock (_releasing)
            _releases.Add(workload);
        _mail.Signal();
    }

    /// <summary>Until cancelled: caps stay.</summary>
    public Task RunAsync(CancellationToken stop) => _mail.RunAsync(SettleAsync, (wish, e) =>
    {
        LogFailed(tools.Log, e);
        Broke(wish, e.Message);
    }, stop);

    private MonoTime Now => tools.Time.Mono();

    private async Task SettleAsync(PlanWish wish, CancellationToken stop)
    {
        TakeReleases(wish);
        var reaches = Reach(wish);
        var failed = new HashSet<int>();
        foreach (var step in CapSteps.Of(wish, _holds.Values, _leftToPeople, _inDoubt))
        {
            // Only a cap that was to come down makes the room that another wants; the rules grant what is new from free room only.
            var makesRoom = step is CapStep.Set { Held: not null, Grows: false };
            if (!MayTry(step))
            {
                if (makesRoom)
                    failed.Add(step.Gpu);
                continue;
            }
            var went = step switch
            {
                CapStep.Set { Grows: true } when failed.Contains(step.Gpu) => true,
                CapStep.Set set => await SetAsync(set, wish, reaches, stop),
                CapStep.GiveBack back => await GiveBackAsync(back.Hold, wish, stop),
                CapStep.Drop drop => Drop(drop.Hold, drop.Why, wish),
                _ => true,
            };
            if (!went && makesRoom)
                failed.Add(step.Gpu);
        }
        if (Now - _lookedAt >= LookEvery && tools.MayAct())
        {
            _lookedAt = Now;
            LookAtAll(wish);
        }
        if (tools.MayAct())
            _pages.Tend(wish, [.. _holds.Values], _leftToPeople);
        foreach (var gone in _rests.Keys.Where(key => !_holds.ContainsKey(key) && !wish.Snapshot.Workloads.Any(w => w.Container.Id.InstanceId == key.Id)).ToList())
            _rests.Remove(gone);
        _told.RemoveWhere(key => !wish.Plan.Wanted.Any(w => w.Workload.InstanceId == key.Id && w.Caps.Any(c => c.Gpu == key.Gpu)));
        Publish([.. reaches.Values.Select(r => r.Reach)]);
    }

    /// <summary>How each opted-in container can be capped on each GPU that it uses or is to be capped on.</summary>
    private Dictionary<(string Id, int Gpu), CapChoice> Reach(PlanWish wish)
    {
        var wanted = wish.Plan.Wanted.ToDictionary(w => w.Workload.InstanceId, w => w.Caps);
        var reaches = new Dictionary<(string, int), CapChoice>();
        foreach (var workload in wish.Snapshot.Workloads)
        {
            if (!workload.Policy.Managed || !workload.Container.Runs)
                continue;
            var id = workload.Container.Id.InstanceId;
            foreach (var gpu in wish.Snapshot.SharesOf(id).Select(s => s.Gpu).Concat(wanted.GetValueOrDefault(id)?.Select(c => c.Gpu) ?? []).Distinct())
                if (TargetOf(workload.Container, gpu, wish) is { } target)
                    reaches[(id, gpu)] = probe.Choose(target);
        }
        return reaches;
    }

    private async Task<bool> SetAsync(CapStep.Set set, PlanWish wish, Dictionary<(string, int), CapChoice> reaches, CancellationToken stop)
    {
        var id = set.Workload.Container.Id;
        var key = (id.InstanceId, set.Gpu);
        if (!reaches.TryGetValue(key, out var reach))
            return true;
        if (reach.Backend is not { } backend)
        {
            // No failure: the plan knows by the reach, and so do people.
            if (_told.Add(key))
                Tell(StepKind.Take, id, set.Cap.Rule, StepResult.Refused($"nothing can cap it on GPU {set.Gpu}: {reach.Reach.Why}"), wish, set.Cap.Reason, set.Mode);
            return true;
        }
        if (set.Mode < Mode.Enforce && _told.Contains(key) || !tools.MayAct())
            return true;
        if (set.Held is not { } held)
            return await TakeAsync(set, backend, wish, stop);
        // By the way that it was set by: its undo belongs to that.
        var target = TargetOf(set.Workload.Container, held, wish);
        var answer = target is null ? new CapAnswer(CapResult.Failed, $"GPU {set.Gpu} is not there")
            : probe.By(CapUndo.KindOf(held.Undo))?.Set(target, set.Cap.Bytes) ?? new CapAnswer(CapResult.Gone, "it was set in a way that this version does not know: left as it is");
        if (target is not null)
            probe.Heard(target, answer);
        if (answer.Result != CapResult.Done)
            return Failed(key, held, set, answer, wish);
        var now = held with { CapBytes = set.Cap.Bytes, Stuck = null, Rule = set.Cap.Rule, Reason = set.Cap.Reason, Undo = held.Undo! with { Ours = Text(set.Cap.Bytes) } };
        _holds[key] = now;
        _rests.Remove(key);
        _inDoubt.Remove(key);
        if (now.CapBytes == held.CapBytes)
            return true;
        Write(() => tools.Journal.Adjust(now), now);
        LogMoved(tools.Log, id.Name, set.Gpu, held.CapBytes!.Value >> 20, set.Cap.Bytes >> 20, set.Cap.Reason.Sentence());
        return true;
    }

    private async Task<bool> TakeAsync(CapStep.Set set, ICapBackend backend, PlanWish wish, CancellationToken stop)
    {
        var id = set.Workload.Container.Id;
        var key = (id.InstanceId, set.Gpu);
        var (container, refusal) = await tools.Permission.AskAsync(id, set.Mode, wish.Policy, stop);
        if (container is null)
        {
            Rest(key);
            if (refusal!.Result != OutcomeResult.Drifted)
                Tell(StepKind.Take, id, set.Cap.Rule, refusal, wish, set.Cap.Reason, set.Mode);
            return false;
        }
        if (set.Mode < Mode.Enforce)
        {
            if (_told.Add(key))
                Tell(StepKind.Take, id, set.Cap.Rule, new StepResult(OutcomeResult.DryRun, $"would be capped at {set.Cap.Bytes >> 20} MiB on GPU {set.Gpu} in mode enforce"), wish, set.Cap.Reason, set.Mode);
            return true;
        }
        var target = TargetOf(container.Sample, set.Gpu, wish)!;
        var before = backend.Read(target);
        if (before.Problem is { } problem)
            return Failed(key, null, set, new CapAnswer(CapResult.Failed, problem), wish);
        var hold = new Hold(id, Lever.Cap, set.Cap.Rule, 1, set.Gpu, set.Cap.Bytes, tools.Time.GetUtcNow())
        {
            Undo = new Undo(UndoKind.LiftCap, id.InstanceId, Text(set.Cap.Bytes), CapUndo.Of(backend.Kind, target.Gpu.Uuid, before.Bytes)),
            Previous = before.Bytes is { } bytes ? $"a cap of {bytes >> 20} MiB" : "no cap", Reason = set.Cap.Reason,
        };
        try
        {
            hold = tools.Journal.Take(hold);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Rest(key);
            Tell(StepKind.Take, id, set.Cap.Rule, StepResult.Refused($"not in the journal, so not done: {e.Message} Is the disk of the state directory full or read-only?"), wish, set.Cap.Reason, set.Mode);
            return false;
        }
        _holds[key] = hold;
        _inDoubt.Add(key);
        tools.Crash.Pass("journal.taken");
        var answer = backend.Set(target, set.Cap.Bytes);
        probe.Heard(target, answer);
        tools.Crash.Pass("effect.taken");
        if (answer.Result != CapResult.Done)
            return Failed(key, hold, set, answer, wish);
        _rests.Remove(key);
        _inDoubt.Remove(key);
        Tell(StepKind.Take, id, set.Cap.Rule, StepResult.Done($"{answer.Evidence} ({backend.Kind.Word()})"), wish, set.Cap.Reason, set.Mode, hold);
        return true;
    }

    private async Task<bool> GiveBackAsync(Hold hold, PlanWish wish, CancellationToken stop)
    {
        var key = (hold.Workload.InstanceId, hold.Gpu!.Value);
        ContainerNow? container;
        try
        {
            container = await tools.Look.InspectAsync(hold.Workload.InstanceId, stop);
        }
        catch (DockerAwayException)
        {
            Rest(key);
            return false;
        }
        if (container is null || !container.Id.IsSameLife(hold.Workload) || !container.Sample.Runs)
            return Drop(hold, "that life of the container has ended", wish);
        if (!tools.MayAct() || TargetOf(container.Sample, hold, wish) is not { } target)
        {
            Rest(key);
            return false;
        }
        if (probe.By(CapUndo.KindOf(hold.Undo)) is not { } backend)
            return Drop(hold, "it was set in a way that this version does not know: left as it is", wish);
        var now = backend.Read(target);
        // One that never came into force is no sign of another's hand.
        if (now.Problem is null && !IsSame(now.Bytes, hold.CapBytes) && !(_inDoubt.Contains(key) && backend.Kind == CapBackend.Preload))
            return Drop(hold, now.Bytes is null ? "it has no cap any more: somebody lifted it" : $"somebody set {now.Bytes >> 20} MiB: left as it is", wish);
        var answer = backend.Set(target, CapUndo.Previous(hold.Undo!));
        tools.Crash.Pass("effect.given-back");
        switch (answer.Result)
        {
            case CapResult.Done:
                End(hold, answer.Evidence);
                Tell(StepKind.GiveBack, hold.Workload, hold.Rule, StepResult.Done(answer.Evidence), wish, null, Mode.Enforce, hold);
                return true;
            case CapResult.Gone:
                return Drop(hold, answer.Evidence, wish);
            default:
                Rest(key);
                _holds[key] = hold with { Stuck = answer.Evidence };
                Tell(StepKind.GiveBack, hold.Workload, hold.Rule, StepResult.Failed(answer.Evidence), wish, null, Mode.Enforce, hold);
                return false;
        }
    }

    /// <summary>A cap that somebody changed: in its own page only the container itself can have; the driver's and HAMi's limits are people's, too.</summary>
    private void LookAtAll(PlanWish wish)
    {
        foreach (var hold in _holds.Values.ToList())
        {
            if (wish.Snapshot.Workloads.FirstOrDefault(w => w.Container.Id.IsSameLife(hold.Workload)) is not { } workload || TargetOf(workload.Container, hold, wish) is not { } target
                || _inDoubt.Contains((hold.Workload.InstanceId, hold.Gpu!.Value)))
                continue;
            if (probe.By(CapUndo.KindOf(hold.Undo)) is not { } backend || backend.Read(target) is not { Problem: null } now || IsSame(now.Bytes, hold.CapBytes))
                continue;
            if (backend.Kind == CapBackend.Preload)
            {
                var answer = backend.Set(target, hold.CapBytes);
                LogSetAnew(tools.Log, hold.Workload.Name, hold.Gpu.Value, now.Bytes >> 20, answer.Evidence);
                continue;
            }
            _leftToPeople.Add(hold.Workload.Name);
            Drop(hold, now.Bytes is null ? "somebody lifted the cap: left so until the plan wants none" : $"somebody set {now.Bytes >> 20} MiB: left so until the plan wants no cap", wish);
        }
    }

    private void TakeReleases(PlanWish wish)
    {
        lock (_releasing)
        {
            foreach (var name in _releases)
                _leftToPeople.UnionWith(_holds.Values.Select(h => h.Workload.Name).Where(n => name is null || n == name));
            _releases.Clear();
        }
        _leftToPeople.RemoveWhere(name => !_holds.Values.Any(h => h.Workload.Name == name) && wish.IsSettled && !wish.OnlyKeep
            && !wish.Plan.Wanted.Any(w => w.Workload.Name == name && w.Caps.Count > 0));
    }

    private static bool IsSame(long? a, long? b) => a is { } one && b is { } other ? Math.Abs(one - other) < DriverLimits.Rounding : a is null && b is null;

    private static string Text(long bytes) => bytes.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static CapTarget? TargetOf(ContainerSample container, int gpu, PlanWish wish) =>
        wish.Snapshot.Gpus.FirstOrDefault(g => g.Index == gpu) is { } sample ? new CapTarget(container, sample.Identity) : null;

    /// <summary>On the card that the cap was set on, wherever that stands now.</summary>
    private static CapTarget? TargetOf(ContainerSample container, Hold hold, PlanWish wish)
    {
        var uuid = CapUndo.UuidOf(hold.Undo);
        return wish.Snapshot.Gpus.FirstOrDefault(g => g.Identity.Uuid == uuid) is { } sample ? new CapTarget(container, sample.Identity) : null;
    }
}

/// <param name="LeftToPeople">Workloads of which a person took a cap back.</param>
internal sealed record CapView(IReadOnlyList<Hold> Holds, IReadOnlyList<CapReach> Reaches, IReadOnlyList<string> LeftToPeople);
