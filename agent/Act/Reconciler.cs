using System.Collections.Concurrent;
using Headroom.Act.Caps;
using Headroom.Act.Gates;
using Headroom.Act.Hands;
using Headroom.Model;
using Microsoft.Extensions.Logging;

namespace Headroom.Act;

/// <summary>Makes the plan true: gives each container's hand its part of the newest plan. Level-triggered and never blocking; what the plan no longer names is given back.</summary>
/// <param name="caps">Keeps the caps of all containers.</param>
/// <param name="hasGuard">Whether a guard watches this agent: without one nothing is frozen, for nobody would thaw it.</param>
internal sealed partial class Reconciler(HandTools tools, Actuators.VramRoom room, CapKeeper caps, GateKeeper gates, FreeUseBook freeUse, Func<bool> hasGuard) : IReconciler
{
    /// <summary>Fresh looks at the containers before the first step: a start must not act on the first thing it sees.</summary>
    private const int LooksBeforeActing = 3;
    /// <summary>A signal must be able to end it: it runs so long at most.</summary>
    private static readonly TimeSpan Breath = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan EndWithin = TimeSpan.FromSeconds(12);

    private readonly ConcurrentDictionary<string, (ContainerHand Hand, Task Running)> _hands = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly RestartTrials _trials = new(tools.Budgets, tools.Time);
    // Null before Begin.
    private IReadOnlyList<Hold>? _adopted;
    private bool _began;
    private string? _limited = "the agent has just started";
    private int _looks;
    private Task _capping = Task.CompletedTask;
    private Task _gating = Task.CompletedTask;

    public ActState State
    {
        get
        {
            var hands = _hands.Values.Select(h => h.Hand).ToList();
            var capped = caps.View;
            var gated = gates.View;
            return new ActState
            {
                Holds = [.. hands.Select(h => h.Shown).OfType<Hold>().Concat(capped.Holds).Concat(gated.Holds).OrderBy(h => h.Id)],
                Caps = capped.Reaches,
                Gates = gated.Gates,
                Impulses = tools.Budgets.Impulses,
                Breaker = tools.Breaker.Open,
                Ineffective = tools.Budgets.Ineffective,
                LeftToPeople = [.. hands.Where(h => h.Memory.LeftToPeople).Select(h => h.Name).Concat(capped.LeftToPeople).Concat(gated.LeftToPeople).Distinct().Order(StringComparer.Ordinal)],
                Limited = Volatile.Read(ref _limited),
            };
        }
    }

    /// <summary>A hand, the keeper of gates or the freezer's thread hangs: this agent can't be trusted to give back what it holds, and must end.</summary>
    public bool Hangs => _hands.Values.Any(h => h.Hand.Hangs) || gates.Hangs || tools.Freezer.Hangs;

    /// <summary>What an earlier agent left frozen is given back: from now on this one acts.</summary>
    /// <param name="adopted">Holds that are still in force.</param>
    public void Begin(IReadOnlyList<Hold> adopted) => Volatile.Write(ref _adopted, adopted);

    public void Apply(Plan plan, NodeSnapshot snapshot, Policy policy)
    {
        if (_ending.IsCancellationRequested || !TryAdopt())
            return;
        room.See(snapshot);
        var fresh = snapshot.Health.Any(h => h is { Source: "containers", Up: true });
        _looks = fresh ? Math.Min(_looks + 1, LooksBeforeActing) : 0;
        var isSettled = _looks >= LooksBeforeActing;
        var limited = !tools.MayAct() ? "this agent's lease has run out"
            : !hasGuard() ? "no guard answers: start `headroom guard` (systemd: headroom-guard.service)"
            : !isSettled ? fresh ? "the containers have not been seen for long enough yet" : "Docker does not answer"
            : null;
        // The tick that ends a limit was still decided in a lower mode: it says of holds what the policy does not.
        var onlyKeep = limited is not null || snapshot.Act.Limited is not null;
        // Who only watches needs no guard.
        if (limited != _limited && policy.Mode == Mode.Enforce)
            LogLimit(tools.Log, limited ?? "nothing: it may act as far as the policy says");
        Volatile.Write(ref _limited, limited);

        freeUse.See(snapshot, id => _hands.TryGetValue(id, out var entry) && entry.Hand.Memory.Run is not null || gates.Holds(id));
        var seen = snapshot.Workloads.ToDictionary(w => w.Container.Id.InstanceId);
        var wanted = new Dictionary<string, Wanted>();
        foreach (var one in plan.Wanted)
            if (one.Mode >= Mode.Recommend)
                wanted[one.Workload.InstanceId] = one;
        var impulses = plan.Impulses.ToLookup(i => i.Workload.InstanceId);
        foreach (var id in wanted.Keys.Concat(impulses.Select(i => i.Key)).Concat(_hands.Keys).Distinct().ToList())
        {
            var workload = seen.GetValueOrDefault(id);
            var one = wanted.GetValueOrDefault(id);
            var name = workload?.Name ?? one?.Workload.Name ?? "";
            var desired = new Desired(
                workload, one?.Run, [.. impulses[id]], one?.Mode ?? snapshot.Mode, policy, plan.Seq, snapshot.Mono,
                BytesOf(snapshot, id), FreeUseBook.NowOf(snapshot, id), freeUse[id], onlyKeep, isSettled, fresh);
            HandOf(id, name).Want(desired);
            foreach (var impulse in desired.Impulses)
                _trials.Begin(impulse, snapshot);
        }
        var wish = new PlanWish(plan, snapshot, policy, onlyKeep, isSettled, fresh);
        caps.Want(wish);
        gates.Want(wish);
        foreach (var (id, (hand, _)) in _hands)
            if (!wanted.ContainsKey(id) && !impulses.Contains(id) && hand.IsIdle && !seen.ContainsKey(id) && _hands.TryRemove(id, out _))
                hand.Retire();
        _trials.Judge(snapshot);
        tools.Crash.Pass("tick.applied");
    }

    public void Obey(AgentCommand command)
    {
        switch (command)
        {
            case AgentCommand.Release release:
                LogRelease(tools.Log, release.Workload ?? "all");
                foreach (var (hand, _) in _hands.Values)
                    if (release.Workload is null || hand.Name == release.Workload)
                        hand.Release();
                caps.Release(release.Workload);
                gates.Release(release.Workload);
                break;
            case AgentCommand.ResetBreaker:
                LogReset(tools.Log, tools.Breaker.Reset() ?? "it is closed");
                break;
        }
    }

    public IReadOnlyList<Outcome> TakeOutcomes() => tools.Outcomes.Take();

    /// <summary>On the thread that hears Docker's events: only signals.</summary>
    public void Hear(ContainerEvent heard)
    {
        var hasHand = _hands.TryGetValue(heard.ContainerId, out var entry);
        if (heard.Kind != ContainerEventKind.Signalled)
            entry.Hand?.Notice(heard.Kind == ContainerEventKind.Started);
        else if (hasHand || gates.Holds(heard.ContainerId))
            tools.Freezer.Breathe(heard.ContainerId, Breath);
    }

    /// <summary>Ends all hands and touches nothing any more.</summary>
    public void Abandon() => _ending.Cancel();

    /// <summary>Ends all hands and gives every compute hold back.</summary>
    /// <returns>Whether none is left: only then may the lease be given up.</returns>
    public async Task<bool> EndAsync()
    {
        await _ending.CancelAsync();
        var hands = _hands.Values.ToList();
        using var limit = new CancellationTokenSource(EndWithin, tools.Time);
        // Each by itself: one that waits in a long stop keeps no other paused.
        var ended = await Task.WhenAll(hands.Select(h => EndAsync(h.Hand, h.Running, limit.Token)));
        // Caps stay; but none is half set.
        await Task.WhenAny(_capping, Task.Delay(Timeout.InfiniteTimeSpan, limit.Token));
        return await EndGatesAsync(limit.Token) && ended.All(one => one);
    }

    private static async Task<bool> EndAsync(ContainerHand hand, Task running, CancellationToken limit)
    {
        try
        {
            await running.WaitAsync(limit);
            return await hand.EndAsync(limit);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<bool> EndGatesAsync(CancellationToken limit)
    {
        try
        {
            await _gating.WaitAsync(limit);
            return await gates.EndAsync().WaitAsync(limit);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private bool TryAdopt()
    {
        if (Interlocked.Exchange(ref _adopted, null) is { } adopted)
        {
            var capped = adopted.Where(h => h.Lever == Lever.Cap).ToList();
            caps.Adopt(capped);
            _capping = Task.Run(() => caps.RunAsync(_ending.Token));
            _gating = Task.Run(() => gates.RunAsync(_ending.Token));
            var gated = adopted.Where(h => h.Lever == Lever.Gate).ToList();
            gates.Adopt(gated);
            foreach (var hold in adopted.Except(capped).Except(gated))
                if (!_hands.ContainsKey(hold.Workload.InstanceId))
                    Start(hold.Workload.InstanceId, hold.Workload.Name, hold);
            _began = true;
        }
        return _began;
    }

    private ContainerHand HandOf(string id, string name) => _hands.TryGetValue(id, out var entry) ? entry.Hand : Start(id, name, null);

    private ContainerHand Start(string id, string name, Hold? adopted)
    {
        var hand = new ContainerHand(id, name, adopted, tools);
        _hands[id] = (hand, Task.Run(() => hand.RunAsync(_ending.Token)));
        return hand;
    }

    private static (int Gpu, long Bytes)? BytesOf(NodeSnapshot snapshot, string id)
    {
        (int, long)? most = null;
        foreach (var (gpu, share) in snapshot.SharesOf(id))
            if (!(most?.Item2 >= share.UsedBytes))
                most = (gpu, share.UsedBytes);
        // Nothing on any card is only known when all cards are.
        return most ?? (snapshot.Gpus.Count > 0 && snapshot.Attribution.Count == snapshot.Gpus.Count ? (snapshot.Gpus[0].Index, 0) : null);
    }

    [LoggerMessage(3301, LogLevel.Information, "What limits acting now: {Limit}")]
    private static partial void LogLimit(ILogger log, string limit);

    [LoggerMessage(3302, LogLevel.Information, "A person releases {Workload}: left alone until the plan wants nothing of it")]
    private static partial void LogRelease(ILogger log, string workload);

    [LoggerMessage(3303, LogLevel.Information, "A person resets the breaker: {Result}")]
    private static partial void LogReset(ILogger log, string result);
}
