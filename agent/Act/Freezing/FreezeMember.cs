using System.Runtime.InteropServices;
using Headroom.Model;

namespace Headroom.Act.Freezing;

internal enum Stand
{
    Running,
    /// <summary>Told to stand still, and not seen to: counts as running.</summary>
    Freezing,
    Frozen,
    /// <summary>Told to run (or not told anything yet), and not seen to.</summary>
    Thawing,
}

internal enum FreezeResult
{
    Done,
    /// <summary>To be tried again at <see cref="FreezeMember.Again"/>.</summary>
    Pending,
    Failed,
    Gone,
}

/// <summary>One container in the freezer thread's hand.</summary>
internal sealed class FreezeMember(FreezeEntry entry, IBrake file, MonoTime now) : IDisposable
{
    /// <summary>The kernel gets this long to stop a container's tasks. One in uninterruptible sleep (a driver call, a dead disk) can take for ever.</summary>
    public static readonly TimeSpan ConfirmWithin = TimeSpan.FromSeconds(1);

    // Most tasks stand within 50 us: to look a few times at once (some us each) is cheaper than to sleep and wake.
    private const int FirstReads = 5;
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(0.1);
    private static readonly TimeSpan LastRetry = TimeSpan.FromMilliseconds(20);

    private MonoTime _since = now; // of the last change between running and standing
    private TimeSpan _ran;
    private MonoTime _asked; // when the freeze of this turn was first written
    private TimeSpan _unseen; // how long earlier turns, one after another, waited for theirs in vain
    private MonoTime? _thawing;
    private bool _thawFailed;

    public FreezeEntry Entry { get; set; } = entry;
    // What it was before us is not known: the first thaw is always written.
    public Stand Stand { get; private set; } = Stand.Thawing;
    public MonoTime Again { get; private set; } = now;
    public bool IsGone { get; private set; }
    public string? Error { get; private set; }

    public bool IsAsked => Stand is Stand.Freezing or Stand.Frozen;

    public TimeSpan Ran(MonoTime at) => Stand == Stand.Frozen ? _ran : _ran + (at - _since);

    /// <summary>Writes it, and again while it is not seen: on version 1 tasks that appeared since are reached only so.</summary>
    public FreezeResult Freeze(TimeProvider time)
    {
        var at = time.Mono();
        var first = Stand != Stand.Freezing;
        var seen = !first && file.Read() == FreezerState.Frozen;
        if (!seen && !file.Write(frozen: true))
            return Lost("freeze");
        if (first)
            (_asked, Stand) = (at, Stand.Freezing);
        var read = seen ? FreezerState.Frozen : file.Read();
        for (var reads = 1; first && reads < FirstReads && (read is FreezerState.Thawed or FreezerState.Freezing); reads++)
            read = file.Read();
        if (read == FreezerState.Unreadable)
            return Lost("freeze");
        at = time.Mono();
        if (read == FreezerState.Frozen)
        {
            _ran += at - _since;
            (_since, Stand, _unseen, Error) = (at, Stand.Frozen, TimeSpan.Zero, null);
            Entry.Gauge.Froze();
            return FreezeResult.Done;
        }
        Again = at + Retry(at - _asked);
        if (_unseen + (at - _asked) < ConfirmWithin)
            return FreezeResult.Pending;
        (_unseen, _asked) = (TimeSpan.Zero, at);
        return Fail($"not all tasks stood still within {ConfirmWithin.TotalSeconds:0} s (one is in an uninterruptible call); thawed again");
    }

    /// <summary>Never gives up: a failure is told once, and tried again.</summary>
    public FreezeResult Thaw(TimeProvider time)
    {
        var at = time.Mono(); // before: once written it may run first, and we after it
        var written = file.Write(frozen: false);
        if (Stand == Stand.Frozen)
            _since = at;
        if (Stand == Stand.Freezing)
            _unseen += at - _asked;
        Stand = Stand.Thawing;
        var read = written ? file.Read() : FreezerState.Unreadable;
        if (file.IsGone)
            return Lost("thaw");
        if (read == FreezerState.Thawed)
        {
            (Stand, _thawing, _thawFailed) = (Stand.Running, null, false);
            return FreezeResult.Done;
        }
        _thawing ??= at;
        Again = at + LastRetry;
        if (_thawFailed || written && read != FreezerState.Unreadable && at - _thawing.Value < ConfirmWithin)
            return FreezeResult.Pending;
        _thawFailed = true;
        return Fail(read == FreezerState.Unreadable
            ? $"thaw: {Entry.Target.File}: {Marshal.GetPInvokeErrorMessage(file.Error)}; tried again until it works"
            : $"thawed, and {Entry.Target.File} says otherwise: somebody else writes there");
    }

    public void Renew()
    {
        file.Renew();
        Entry.Gauge.Gate.Launches(file.InFlightCap, file.Drain);
    }

    public void Dispose() => file.Dispose();

    private FreezeResult Lost(string what)
    {
        if (!file.IsGone)
            return Fail($"{what}: {Entry.Target.File}: {Marshal.GetPInvokeErrorMessage(file.Error)}");
        IsGone = true;
        Error = "the container is gone";
        return FreezeResult.Gone;
    }

    private FreezeResult Fail(string error)
    {
        Error = error;
        Entry.Gauge.Failed(error);
        return FreezeResult.Failed;
    }

    // Soon at first, rarer the longer it takes.
    private static TimeSpan Retry(TimeSpan waited) => waited / 4 < FirstRetry ? FirstRetry : waited / 4 > LastRetry ? LastRetry : waited / 4;
}
