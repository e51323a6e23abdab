using System.Threading.Channels;
using Headroom.Model;

namespace Headroom.Act.Hands;

/// <summary>All that is done to one container, one step after the other. The newest wish counts; what came between is forgotten (a conflating mailbox).
/// Level-triggered: each look starts from what is wanted and what is held now.</summary>
internal sealed partial class ContainerHand
{
    /// <summary>A look that never comes to rest is a bug; the next tick goes on.</summary>
    private const int StepsAtOnce = 6;
    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(1);
    /// <summary>Freezing and pausing, with all their tries, take at most about ten seconds when Docker does not answer.</summary>
    private static readonly TimeSpan QuickStep = TimeSpan.FromSeconds(30);
    /// <summary>Drains, grace times and loading are as long as their owner says; nothing is frozen meanwhile.</summary>
    private static readonly TimeSpan LongStep = TimeSpan.FromHours(2);
    private static readonly TimeSpan AdoptedDoubt = TimeSpan.FromMinutes(10);
    /// <summary>A new life of a container is not wanted of at once by every rule: only who is not wanted of for so long is done with.</summary>
    private static readonly TimeSpan LeftFor = TimeSpan.FromMinutes(1);
    /// <summary>A daemon that is slow does late what it was asked.</summary>
    private static readonly TimeSpan Doubt = TimeSpan.FromSeconds(60);
    /// <summary>So often in a row, and the lever is taken for one that does not work on this workload.</summary>
    private const int UselessAfter = 2;

    private readonly HandTools _tools;
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private Desired? _desired;
    private HandMemory _memory;
    private ShareTrim _trim = ShareTrim.None;
    private int _release;
    private int _look;
    private int _started;
    private int _busy;
    private long _deadlineTicks = long.MaxValue;

    /// <param name="adopted">What an earlier agent held and its journal still names.</param>
    public ContainerHand(string instanceId, string name, Hold? adopted, HandTools tools)
    {
        (InstanceId, Name, _tools) = (instanceId, name, tools);
        // A stop that the agent before has sent may still be in its grace time.
        _memory = new HandMemory { Run = adopted, DoubtUntil = adopted?.Lever == Lever.Stop ? tools.Time.Mono() + AdoptedDoubt : null };
    }

    public string InstanceId { get; }
    public string Name { get; private set; }
    public HandMemory Memory => Volatile.Read(ref _memory);

    /// <summary>Nothing held, nothing wanted, nothing going on: it can be let go.</summary>
    public bool IsIdle => Volatile.Read(ref _busy) == 0 && Memory is { Run: null, LeftToPeople: false }
        && Volatile.Read(ref _desired) is null or { Run: null, Impulses.Count: 0 };

    /// <summary>A step has not ended long after it had to: a call hangs where nothing can end it.</summary>
    public bool Hangs => Now.SinceOrigin.Ticks > Volatile.Read(ref _deadlineTicks);

    /// <summary>For people: the hold with what it obtained.</summary>
    public Hold? Shown
    {
        get
        {
            if (Memory.Run is not { } hold)
                return null;
            var obtained = Volatile.Read(ref _trim).Obtained ?? (hold.Lever == Lever.Share ? _tools.Freezer.Meters.GetValueOrDefault(InstanceId)?.ShareObtained : null);
            return hold with { ShareObtained = obtained };
        }
    }

    public void Want(Desired desired)
    {
        if (desired.Seen is { } seen)
            Name = seen.Name;
        Volatile.Write(ref _desired, desired);
        Signal();
    }

    /// <summary>A person wants it back.</summary>
    public void Release()
    {
        Volatile.Write(ref _release, 1);
        Signal();
    }

    /// <summary>Something happened to the container: look at it now, not at the next tick.</summary>
    /// <param name="started">It was started, and Docker was there to say so.</param>
    public void Notice(bool started)
    {
        if (started && Memory.Run?.Lever == Lever.Stop)
            Volatile.Write(ref _started, 1);
        Volatile.Write(ref _look, 1);
        Signal();
    }

    /// <summary>Nothing more will come: its task ends.</summary>
    public void Retire() => _signal.Writer.TryComplete();

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (await _signal.Reader.WaitToReadAsync(stop))
            {
                _signal.Reader.TryRead(out _);
                Volatile.Write(ref _busy, 1);
                Volatile.Write(ref _deadlineTicks, (Now + QuickStep).SinceOrigin.Ticks);
                try
                {
                    await SettleAsync(stop);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    LogFailed(_tools.Log, Name, e);
                    Rest(Lever.Share, Lever.Pause, Lever.Sleep, Lever.Stop);
                    Broke(Volatile.Read(ref _desired), e.Message);
                }
                finally
                {
                    Volatile.Write(ref _busy, 0);
                    Volatile.Write(ref _deadlineTicks, long.MaxValue);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // asked to stop; what is held is given back by whoever asked
        }
    }

    /// <summary>At the end of the agent: compute holds are given back, state holds stay for the next one.</summary>
    public async Task<bool> EndAsync(CancellationToken stop)
    {
        if (Memory.Run is not { IsCompute: true } hold || Volatile.Read(ref _desired) is not { } desired)
            return Memory.Run is not { IsCompute: true };
        await GiveBackAsync(hold, desired, stop);
        return Memory.Run is null;
    }

    private bool IsInDoubt => Memory.DoubtUntil > Now;

    private MonoTime Now => _tools.Time.Mono();

    private async Task SettleAsync(CancellationToken stop)
    {
        if (Volatile.Read(ref _desired) is not { } desired)
            return;
        if (Interlocked.Exchange(ref _release, 0) == 1 && Memory.Run is not null)
            Remember(m => m with { LeftToPeople = true });
        if (Interlocked.Exchange(ref _look, 0) == 1 && Memory.Run is { } held)
            await LookAsync(held, desired, stop);
        if (desired.Run is not null || desired.Impulses.Count > 0)
            Remember(m => m.UnwantedSince is null ? m : m with { UnwantedSince = null });
        else if (Memory is { UnwantedSince: null } and ({ LeftToPeople: true } or { Told.Count: > 0 }))
            Remember(m => m with { UnwantedSince = Now, Told = [] });
        else if (Memory is { LeftToPeople: true, Run: null, UnwantedSince: { } since } && Now - since > LeftFor)
            Remember(m => m with { LeftToPeople = false, UnwantedSince = null });
        for (var i = 0; i < StepsAtOnce; i++)
        {
            desired = Volatile.Read(ref _desired)!;
            var step = NextStep.Of(desired, Memory, Now);
            Volatile.Write(ref _deadlineTicks, (Now + PatienceFor(step)).SinceOrigin.Ticks);
            switch (step)
            {
                case Step.Take take:
                    await TakeAsync(take, desired, stop);
                    break;
                case Step.Adjust adjust:
                    await AdjustAsync(adjust, desired);
                    break;
                case Step.GiveBack back:
                    await GiveBackAsync(back.Hold, desired, stop);
                    break;
                case Step.Look look:
                    await LookAsync(look.Hold, desired, stop);
                    break;
                case Step.Do impulse:
                    await DoAsync(impulse.Impulse, desired, stop);
                    break;
                case null:
                    await TrimAsync(desired, stop);
                    RenewIfDue(desired);
                    return;
            }
        }
    }

    /// <summary>Far above what each step may take by its own limits.</summary>
    private static TimeSpan PatienceFor(Step? step) => step switch
    {
        Step.Do or Step.Take { Lever: Lever.Stop or Lever.Sleep } or Step.GiveBack { Hold.Lever: Lever.Stop or Lever.Sleep } => LongStep,
        _ => QuickStep,
    };

    private Desired Newest() => Volatile.Read(ref _desired)!;

    private void Signal() => _signal.Writer.TryWrite(true);
}
