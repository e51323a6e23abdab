using Headroom.Act;
using Headroom.Act.Actuators;
using Headroom.Act.Caps;
using Headroom.Act.Freezing;
using Headroom.Act.Gates;
using Headroom.Act.Guarding;
using Headroom.Act.Hands;
using Headroom.Act.Journal;
using Headroom.Act.Serving;
using Headroom.Containers;
using Headroom.Interop.Nvml;
using Headroom.Model;
using Headroom.Policies;
using Microsoft.Extensions.Logging;

namespace Headroom.Run;

/// <summary>The acting half of the agent, put together: lease, journal, freezer, hands. Opened once, before the first tick.</summary>
internal sealed partial class Acting : IDisposable
{
    private static readonly TimeSpan RenewWhileEnding = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan WatchLease = TimeSpan.FromMilliseconds(250);

    private readonly AgentOptions _options;
    private readonly Uri _docker;
    private readonly TimeProvider _time;
    private readonly ILogger<Acting> _log;
    private readonly TaskCompletionSource _leased = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HoldJournal _journal;
    private readonly FreezerThread _freezer;
    private readonly DockerHand _hand;
    private readonly DriverLimits _limits;
    private readonly Reconciler _reconciler;
    private readonly DockerEvents _events;
    private Lease? _lease;
    private bool _toldHang;

    private Acting(AgentOptions options, FlightBoard board, TimeProvider time, ILoggerFactory log)
    {
        (_options, _time, _log) = (options, time, log.CreateLogger<Acting>());
        _docker = options.Docker ?? DockerConnection.DefaultEndpoint;
        var crash = new CrashPoints(Environment.GetEnvironmentVariable(CrashPoints.Variable));
        if (crash.Armed is { } armed)
            LogCrash(_log, armed);
        JournalOwner.Claim(options.Directories.State, options.Directories.Runtime);
        _journal = new HoldJournal(options.Directories.State, time);
        if (_journal.Found.BadLines > (_journal.Found.IsTorn ? 1 : 0))
            LogDamage(_log, _journal.Found.BadLines);
        var budgets = new Budgets(options.Directories.State, time);
        var breaker = new Breaker(options.Directories.State, time);
        if (budgets.Problem is { } problem)
            breaker.Trip(problem);
        _freezer = new FreezerThread(MayAct, time, log.CreateLogger<FreezerThread>());
        board.Listen(_freezer.Look);
        _hand = new DockerHand(_docker, time);
        _limits = new DriverLimits(options.NvmlLibrary ?? NvmlLibrary.DefaultName, time);
        var servers = new ServerLevers(time);
        var room = new VramRoom(time);
        Drain drain = new Drainer(servers).DrainAsync;
        var locator = new FreezerLocator();
        FreezerPlace Locate(ContainerSample container) => locator.Find(container.Pid, container.Id.InstanceId);
        var freeze = new FreezeActuator(_freezer, Locate, FreezeCell.Gather);
        var look = new ContainerLook(options.NoDocker ? null : _hand, new ProcessGroups(options.Directories.Runtime));
        var permission = new Permission(look, MayAct, Classifier.Classify, OwnContainer.Find());
        var tools = new HandTools(
            _journal, budgets, breaker, look, _freezer, freeze,
            new Dictionary<Lever, IActuator>
            {
                [Lever.Share] = freeze,
                [Lever.Pause] = new PauseActuator(_hand),
                [Lever.Stop] = new StopActuator(_hand, drain, room),
                [Lever.Sleep] = new SleepActuator(_hand, servers, room, time),
            },
            new RestartActuator(_hand, drain, budgets, time), new OutcomeLog(), MayAct, permission, crash, time, log.CreateLogger<Reconciler>());
        var freeUse = new FreeUseBook();
        var gates = new GateKeeper(new GatePlaces(Locate, FreezeCell.Gather, FreezeCell.GatherSettled, new LaunchPlaces().Of), board, tools, freeUse);
        _reconciler = new Reconciler(
            tools, room, new CapKeeper(new CapProbe([_limits, new PageCap(), new HamiRegion()], time), tools), gates, freeUse, () => Volatile.Read(ref _lease)?.HasGuard == true);
        _events = new DockerEvents(_docker, _reconciler.Hear, time, log.CreateLogger<DockerEvents>());
    }

    public IReconciler Reconciler => _reconciler;

    /// <summary>Null when this agent can't act here, and why.</summary>
    /// <param name="board">Requests in flight, as the watcher tells them.</param>
    public static Acting? TryOpen(AgentOptions options, FlightBoard board, TimeProvider time, ILoggerFactory log, out string? why)
    {
        try
        {
            why = null;
            return new Acting(options, board, time, log);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            why = e.Message;
            return null;
        }
    }

    /// <summary>By each completed tick. A tick or a hand that hangs must look dead: then the guard gives back what this agent no longer can.</summary>
    public void Ticked()
    {
        // Not before: a start may take longer than a lease.
        var hangs = _reconciler.Hangs;
        if (_lease is null && !_leased.Task.IsCompleted)
            TakeLease();
        else if (!hangs)
            _lease?.Renew();
        else if (!_toldHang)
            LogHangs(_log);
        _toldHang = hangs;
    }

    /// <summary>Gives back what an agent before has left frozen, then listens to Docker until told to stop; then gives back what this one holds. Ends early when somebody else took the lease.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await _leased.Task.WaitAsync(stop);
            if (_lease is null)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, _time, stop);
                return;
            }
            _reconciler.Begin(await GiveBackComputeAsync(stop));
        }
        catch (OperationCanceledException)
        {
            return;
        }
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var events = _options.NoDocker ? Task.CompletedTask : _events.RunAsync(both.Token);
        using var timer = new PeriodicTimer(WatchLease, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
                if (_lease!.IsLost)
                {
                    LogLost(_log);
                    break;
                }
        }
        catch (OperationCanceledException)
        {
            // asked to stop
        }
        await both.CancelAsync();
        await EndAsync();
        await events;
    }

    /// <summary>Gives every compute hold back and, if all are, the lease too. Who lost the lease touches nothing but its own freezer: the rest is another's.</summary>
    private async Task EndAsync()
    {
        if (_lease!.IsLost)
        {
            _reconciler.Abandon();
            _freezer.Dispose();
            return;
        }
        var ending = _reconciler.EndAsync();
        // No tick renews it any more, and the guard must not take a clean end for a death.
        while (!ending.IsCompleted)
        {
            _lease.Renew();
            await Task.WhenAny(ending, Task.Delay(RenewWhileEnding, _time));
        }
        var all = await ending;
        _freezer.Dispose();
        if (all)
            _lease.GiveUp();
        else
            LogLeft(_log);
    }

    public void Dispose()
    {
        _freezer.Dispose();
        _hand.Dispose();
        _limits.Dispose();
        _journal.Dispose();
        _lease?.Dispose();
    }

    private bool MayAct() => Volatile.Read(ref _lease)?.MayFreeze == true;

    private void TakeLease()
    {
        try
        {
            var lease = Lease.Take(_options.Directories.Runtime, _options.GuardLease);
            if (lease.Remark is { } remark)
                LogRemark(_log, remark);
            Volatile.Write(ref _lease, lease);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            LogNoLease(_log, e.Message);
        }
        _leased.SetResult();
    }

    /// <returns>What stays held: state holds, and compute holds that could not be given back yet.</returns>
    private async Task<IReadOnlyList<Hold>> GiveBackComputeAsync(CancellationToken stop)
    {
        using var release = new Release(_docker, _time);
        var released = await release.AllAsync(_journal.Found.Holds, () => !_lease!.IsLost, stop);
        foreach (var one in released)
        {
            LogReleased(_log, one.Hold.Workload.Name, one.Hold.Lever, one.Result, one.Words);
            if (one.Ends)
                TryDone(one);
        }
        var over = released.Where(r => r.Ends).Select(r => r.Hold.Id).ToHashSet();
        return [.. _journal.Found.Holds.Where(h => !over.Contains(h.Id))];
    }

    private void TryDone(Released one)
    {
        try
        {
            _journal.Done(one.Hold.Id, one.Words);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Given back all the same: the next start looks at it once more.
            LogReleased(_log, one.Hold.Workload.Name, one.Hold.Lever, OutcomeResult.Unknown, e.Message);
        }
    }

    [LoggerMessage(3201, LogLevel.Information, "Given back at start: {Lever} of {Workload}: {Result}, {Words}")]
    private static partial void LogReleased(ILogger log, string workload, Lever lever, OutcomeResult result, string words);

    [LoggerMessage(3202, LogLevel.Critical, "The lease is lost: the guard or another agent took over. This agent freezes nothing any more and ends")]
    private static partial void LogLost(ILogger log);

    [LoggerMessage(3203, LogLevel.Warning, "Not all could be given back before the end: the guard, or the next start, does the rest")]
    private static partial void LogLeft(ILogger log);

    [LoggerMessage(3204, LogLevel.Warning, "Test mode: this agent breaks at {Point}")]
    private static partial void LogCrash(ILogger log, string point);

    [LoggerMessage(3205, LogLevel.Warning, "{Remark}")]
    private static partial void LogRemark(ILogger log, string remark);

    [LoggerMessage(3207, LogLevel.Critical, "A step hangs where nothing can end it; the lease is not renewed any more, so that the guard ends this agent and gives back what it holds")]
    private static partial void LogHangs(ILogger log);

    [LoggerMessage(3208, LogLevel.Error, "This agent decides and tells, but can't act: no lease: {Why}")]
    private static partial void LogNoLease(ILogger log, string why);

    [LoggerMessage(3206, LogLevel.Error, "The journal of holds has {Lines} damaged lines, which were left out: `docker ps` and the freezers of stopped models are worth a look")]
    private static partial void LogDamage(ILogger log, int lines);
}
