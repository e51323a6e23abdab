using Headroom.Interop.Linux;
using Headroom.Model;

namespace Headroom.Act.Guarding;

/// <summary>Where the guard finds agent and Docker.</summary>
internal sealed record GuardOptions(string RuntimeDirectory, string StateDirectory, Uri Docker);

/// <summary>Sees to it that nothing stays frozen when the agent dies, hangs or is stopped. Never acts while the agent's lease is fresh.</summary>
internal sealed partial class Guard(GuardOptions options, TimeProvider clock, ILogger log) : IDisposable
{
    private static readonly TimeSpan Slowest = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Fastest = TimeSpan.FromMilliseconds(10);
    private const int BeatsPerLease = 10;
    private const long Second = 1_000_000_000;

    private readonly AgentWatch _agent = new(options.RuntimeDirectory);
    private readonly JournalRelease _release = new(options.StateDirectory, options.Docker, clock);
    private readonly CancellationTokenSource _ending = new();
    private readonly Dictionary<long, string> _told = [];
    private Task<bool>? _work;
    private string? _trouble;
    // Nanoseconds of the clock.
    private long? _lastStep;
    private long _watchingSince;
    private long _nextLook;
    private long _length = 5 * Second;
    private AgentSight _sight;
    /// <summary>The epoch that this guard made by raising.</summary>
    private long? _raised;

    /// <summary>Ends when what the last step began is done.</summary>
    public Task Work => _work ?? Task.CompletedTask;

    public async Task RunAsync(Action stepped, CancellationToken stop)
    {
        LogStarted(log, LeasePage.PathIn(options.RuntimeDirectory));
        while (!stop.IsCancellationRequested)
        {
            Step();
            stepped();
            var pause = TimeSpan.FromTicks(Math.Clamp(_length / TimeSpan.NanosecondsPerTick / BeatsPerLease, Fastest.Ticks, Slowest.Ticks));
            if (_sight == AgentSight.Alive && Work.IsCompleted)
                _agent.Process!.WaitForEnd(pause); // its death is seen at once
            else
                await Task.Delay(pause, clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await _ending.CancelAsync();
        await Work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>One look; quick. What takes long goes on beside it, so that the heart goes on beating.</summary>
    public void Step()
    {
        var now = clock.Nanoseconds();
        if (_lastStep is not { } last || now - last > _length / 2)
            NoticeBreak(now);
        _lastStep = now;
        if (_work is { IsCompleted: false })
        {
            _agent.Page?.Beat(now);
            return;
        }
        if (_work is not null)
            EndWork(now);
        if (!TryMap())
            return;
        _agent.Page?.Beat(now);
        Look();
    }

    public void Dispose()
    {
        _ending.Cancel();
        _ending.Dispose();
        _release.Dispose();
        _agent.Dispose();
    }

    // The machine slept, this process was stopped, or it has just begun: an old lease says nothing yet.
    private void NoticeBreak(long now)
    {
        if (_lastStep is { } last)
            LogBreak(log, (now - last) / (double)Second);
        _watchingSince = now;
    }

    private bool TryMap()
    {
        try
        {
            if (_agent.Map())
                (_raised, _nextLook) = (null, 0);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            Tell(e.Message);
            return false;
        }
    }

    private void Look()
    {
        var page = _agent.Page;
        if (page is null)
        {
            _sight = AgentSight.NotSeen;
            Begin(null, () => !File.Exists(LeasePage.PathIn(options.RuntimeDirectory)));
            return;
        }
        if (_agent.Look(out _sight) is not { } lease)
            return;
        if (_agent.Trouble is { } trouble)
            Tell($"the agent's process can't be held: {trouble}");
        if (lease.Length > 0)
            _length = lease.Length;
        // After the page: renewed in between, the lease must not seem to be of the future.
        var now = clock.Nanoseconds();
        var verdict = lease.Epoch == _raised
            ? _sight == AgentSight.Alive ? GuardVerdict.RunOut : GuardVerdict.Dead
            : AgentWatch.Judge(lease, _sight, now, now - _watchingSince);
        if (verdict == GuardVerdict.Leave)
        {
            _nextLook = 0;
            return;
        }
        var epoch = lease.Epoch;
        if (verdict is GuardVerdict.Dead or GuardVerdict.RunOut && epoch != _raised)
        {
            // First of all: whatever the agent still does, it freezes nothing more. It fails when another agent took the lease just now.
            if (!page.Raise(epoch))
                return;
            _raised = ++epoch;
            _nextLook = 0;
            if (verdict == GuardVerdict.Dead)
                LogDead(log, lease.Pid);
            else
                LogRunOut(log, lease.Pid, (now - lease.Renewed) / (double)Second);
        }
        Begin(verdict == GuardVerdict.RunOut ? _agent.Process : null, () => page.Epoch == epoch && page.IsInPlace);
    }

    private void Begin(PidFd? agent, Func<bool> may)
    {
        if (clock.Nanoseconds() >= _nextLook)
            _work = Task.Run(() => GiveBackAsync(agent, may, _ending.Token));
    }

    private void EndWork(long now)
    {
        var left = _work!.GetAwaiter().GetResult(); // what it throws is a bug: systemd or Docker starts the guard anew
        _work = null;
        _nextLook = now + (left ? Math.Min(Second, _length) : Math.Max(Second, _length));
    }

    /// <returns>Whether anything is left to be tried again.</returns>
    private async Task<bool> GiveBackAsync(PidFd? agent, Func<bool> may, CancellationToken stop)
    {
        try
        {
            var results = await _release.RunAsync(agent, may, stop);
            foreach (var result in results)
                Tell(result);
            return results.Any(r => r.IsLeft) || agent is { HasEnded: false };
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Tell(e.Message);
            return true;
        }
    }

    // Tried again each second: told once.
    private void Tell(Released result)
    {
        var (hold, words) = (result.Hold, result.Words);
        if (_told.TryGetValue(hold.Id, out var before) && before == words)
            return;
        _told[hold.Id] = words;
        if (result.Result == OutcomeResult.Done)
            LogReleased(log, hold.Workload, hold.Lever, hold.Id, words);
        else
            LogNotReleased(log, hold.Workload, hold.Lever, hold.Id, result.Result, words);
    }

    private void Tell(string trouble)
    {
        if (trouble != _trouble)
            LogTrouble(log, trouble);
        _trouble = trouble;
    }

    [LoggerMessage(1, LogLevel.Information, "The guard watches {Lease}")]
    private static partial void LogStarted(ILogger log, string lease);

    [LoggerMessage(2, LogLevel.Warning, "The guard itself stood still for {Seconds:0.0} s (did the machine sleep?): the agent gets one lease length to renew")]
    private static partial void LogBreak(ILogger log, double seconds);

    [LoggerMessage(3, LogLevel.Error, "The agent (pid {Pid}) is dead and did not give up its lease: what it froze is given back")]
    private static partial void LogDead(ILogger log, int pid);

    [LoggerMessage(4, LogLevel.Error, "The agent (pid {Pid}) did not renew its lease for {Seconds:0.00} s: it is ended, and what it froze is given back")]
    private static partial void LogRunOut(ILogger log, int pid, double seconds);

    [LoggerMessage(5, LogLevel.Warning, "{Workload}: {Lever} (hold {Id}) given back: {Words}")]
    private static partial void LogReleased(ILogger log, WorkloadId workload, Lever lever, long id, string words);

    [LoggerMessage(6, LogLevel.Error, "{Workload}: {Lever} (hold {Id}): {Result}: {Words}")]
    private static partial void LogNotReleased(ILogger log, WorkloadId workload, Lever lever, long id, OutcomeResult result, string words);

    [LoggerMessage(7, LogLevel.Error, "{Trouble}")]
    private static partial void LogTrouble(ILogger log, string trouble);
}
