using Headroom.Interop.Linux;
using Headroom.Model;
using Microsoft.Extensions.Logging;

namespace Headroom.Act.Freezing;

/// <summary>The thread that owns every freezer file. Callers replace its table and ring; it does what is due and waits for the next turn, to the microsecond.</summary>
internal sealed partial class FreezerThread : IFreezer, IDisposable
{
    /// <summary>Limits of what can be asked: a shorter period is mostly spent on freezing, a longer one is a pause.</summary>
    public static readonly TimeSpan LeastPeriod = TimeSpan.FromMilliseconds(5);
    public static readonly TimeSpan LongestPeriod = TimeSpan.FromMinutes(1);
    public static readonly TimeSpan LeastMaxFreeze = TimeSpan.FromMilliseconds(10);

    private const int Nice = -10;
    // A little more than the kernel gets: what went wrong is a better answer than that it took long.
    private static readonly TimeSpan Deadline = FreezeMember.ConfirmWithin * 1.25;
    private static readonly TimeSpan AfterBug = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan EndRetry = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan EndWithin = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time;
    private readonly ILogger<FreezerThread> _log;
    private readonly Lock _writing = new();
    private readonly Bell _bell = new();
    private readonly FreezeRounds _rounds;
    private readonly Thread _thread;
    private FreezeTable _table = FreezeTable.Empty;
    private bool _ending;
    // A round comes at least every 100 ms while there is anything to hold: in ticks, when it must have come.
    private long _due = long.MaxValue;

    /// <param name="mayFreeze">Whether the agent's lease holds and its epoch is the last one. Asked on the freezer's thread before each freeze: must be quick.</param>
    public FreezerThread(Func<bool> mayFreeze, TimeProvider time, ILogger<FreezerThread> log)
    {
        (_time, _log) = (time, log);
        _rounds = new FreezeRounds(mayFreeze, time, log, Remove);
        _thread = new Thread(Run) { IsBackground = true, Name = "freezer" };
        _thread.Start();
    }

    public IReadOnlyDictionary<string, FreezeMeter> Meters
    {
        get
        {
            var table = Volatile.Read(ref _table);
            var meters = table.Ended.ToDictionary(e => e.Key, e => e.Value.Read() with { IsThere = false });
            foreach (var entry in table.Entries)
                meters[entry.Target.Id] = entry.Gauge.Read();
            return meters;
        }
    }

    public bool Hangs => _time.Mono().SinceOrigin.Ticks > Volatile.Read(ref _due);

    public Task<FreezeAnswer> SetAsync(FreezeTarget target, RunLaw law, TimeSpan maxFreeze)
    {
        var why = FreezerFile.WhyNot(target)
            ?? (law.Kind == RunLawKind.Duty && !(law.Share > 0 && law.Share < 1) ? $"a share of {law.Share}: must be between 0 and 1"
            : law.Kind == RunLawKind.Duty && (law.Period < LeastPeriod || law.Period > LongestPeriod) ? $"a period of {law.Period}: must be {LeastPeriod} to {LongestPeriod}"
            : law.Kind != RunLawKind.Full && maxFreeze < LeastMaxFreeze ? $"a longest freeze of {maxFreeze}: must be at least {LeastMaxFreeze}" : null);
        // A changed share is obeyed one period later than it is given, seen at that period's end.
        var order = new FreezeOrder(_time, law.Kind == RunLawKind.Duty ? Deadline + law.Period * 2 : Deadline);
        return why is null ? Give(target, order, table => table.With(target, law, maxFreeze, order)) : Refuse(order, why);
    }

    public Task<FreezeAnswer> LetGoAsync(FreezeTarget target)
    {
        var order = new FreezeOrder(_time, Deadline);
        return FreezerFile.WhyNot(target) is { } why ? Refuse(order, why) : Give(target, order, table => table.Leaving(target, order));
    }

    public Task<FreezeAnswer> YieldAsync(FreezeTarget target, YieldLaw yield, TimeSpan maxFreeze)
    {
        var order = new FreezeOrder(_time, Deadline);
        var why = FreezerFile.WhyNot(target) ?? (maxFreeze < LeastMaxFreeze ? $"a longest freeze of {maxFreeze}: must be at least {LeastMaxFreeze}" : null);
        return why is null ? Give(target, order, table => table.Yielding(target, yield, maxFreeze, order)) : Refuse(order, why);
    }

    public Task<FreezeAnswer> UngateAsync(FreezeTarget target)
    {
        var order = new FreezeOrder(_time, Deadline);
        return FreezerFile.WhyNot(target) is { } why ? Refuse(order, why) : Give(target, order, table => table.Ungated(target, order));
    }

    /// <summary>The cells of the protected have changed: look now. From any thread, at any time.</summary>
    public void Look()
    {
        try
        {
            _bell.Ring();
        }
        catch (ObjectDisposedException)
        {
            // Who watches the packets may end after the freezer: nobody waits any more.
        }
    }

    public void Breathe(string containerId, TimeSpan span) => Replace(table => table.WithBreath(containerId, _time.Mono() + span, _time.Mono()));

    /// <summary>Everything that is ours runs again, seen to, before this returns.</summary>
    public void Dispose()
    {
        lock (_writing)
        {
            if (_ending)
                return;
            Volatile.Write(ref _ending, true);
            _bell.Ring();
        }
        if (!_thread.Join(EndWithin + Deadline))
        {
            LogStuck(_log);
            return; // in a system call that does not return: its files stay open until the process ends
        }
        _bell.Dispose();
    }

    // Here, not on the freezer's thread: that may never see a table between two others, and with it the order that stood there.
    private Task<FreezeAnswer> Give(FreezeTarget target, FreezeOrder order, Func<FreezeTable, FreezeTable> change) =>
        Replace(table =>
        {
            var next = change(table);
            table.Of(target)?.Replaced(next.Of(target)!);
            return next;
        }) ? order.Answer : Refuse(order, "the freezer has ended");

    private static Task<FreezeAnswer> Refuse(FreezeOrder order, string why)
    {
        order.Close(false, why);
        return order.Answer;
    }

    private bool Replace(Func<FreezeTable, FreezeTable> change)
    {
        lock (_writing)
        {
            if (_ending)
                return false;
            Volatile.Write(ref _table, change(_table));
            _bell.Ring();
            return true;
        }
    }

    private void Remove(FreezeEntry entry, bool keep) => Replace(table => table.Without(entry, keep));

    private void Run()
    {
        if (!ThreadRank.Raise(Nice))
            LogRank(_log);
        while (!Volatile.Read(ref _ending))
        {
            MonoTime wake;
            try
            {
                wake = _rounds.Round(Volatile.Read(ref _table));
                Volatile.Write(ref _due, wake == FreezeSchedule.Never ? long.MaxValue : (_time.Mono() + Patience).SinceOrigin.Ticks);
            }
            catch (Exception e)
            {
                LogBug(_log, e);
                wake = _time.Mono() + AfterBug;
            }
            _bell.Wait(wake - _time.Mono());
        }
        End();
    }

    private void End()
    {
        try
        {
            // Orders of the last moment too: whoever waits for one gets an answer, and what was to be let go is.
            _rounds.Adopt(Volatile.Read(ref _table));
            var until = _time.Mono() + EndWithin;
            while (!_rounds.ThawAll())
            {
                if (_time.Mono() >= until)
                {
                    LogLeft(_log);
                    break;
                }
                _bell.Wait(EndRetry);
            }
            _rounds.Close();
        }
        catch (Exception e)
        {
            LogBug(_log, e);
        }
    }

    [LoggerMessage(1602, LogLevel.Information, "freezer: may not raise its priority (CAP_SYS_NICE): shares are less exact on a busy machine")]
    private static partial void LogRank(ILogger log);

    [LoggerMessage(1603, LogLevel.Error, "freezer: a bug; goes on")]
    private static partial void LogBug(ILogger log, Exception e);

    [LoggerMessage(1604, LogLevel.Error, "freezer: not everything was seen to run again at the end: headroom guard, or the next start, releases the rest")]
    private static partial void LogLeft(ILogger log);

    [LoggerMessage(1605, LogLevel.Error, "freezer: its thread does not end: a write to a cgroup file does not return")]
    private static partial void LogStuck(ILogger log);
}
