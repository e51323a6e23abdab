namespace Headroom.Model;

/// <summary>Reads the GPUs. Runs its own loop and publishes whole sweeps; never blocks a reader.</summary>
internal interface IGpuSource
{
    Latest<GpuSweep> Latest { get; }

    /// <summary>Reads until cancelled. Throws only what is a bug: a failing driver is told through <see cref="Latest"/>.</summary>
    Task RunAsync(CancellationToken stop);
}

/// <summary>Lists the containers.</summary>
internal interface IWorkloadSource
{
    Latest<WorkloadSweep> Latest { get; }

    Task RunAsync(CancellationToken stop);
}

/// <summary>Reads each watched workload's latency in a loop of its own.</summary>
internal interface ILatencySource
{
    LatencySweep Latest { get; }

    /// <summary>Watch these from now on. Whole list, not a difference; cheap, does no I/O.</summary>
    void Watch(LatencyWatchList list);

    Task RunAsync(CancellationToken stop);
}

/// <summary>Sees from outside which workloads have requests in flight.</summary>
internal interface IActivitySource
{
    ActivitySweep Latest { get; }

    /// <summary>Watch these from now on. Whole list, not a difference; cheap, does no I/O.</summary>
    void Watch(ActivityWatchList list);

    Task RunAsync(CancellationToken stop);
}

/// <summary>Makes the plan true.</summary>
internal interface IReconciler
{
    /// <summary>What it holds and has done; goes into the next snapshot.</summary>
    ActState State { get; }

    /// <summary>The whole wanted state, each tick, with what it was decided from: what it no longer names is given back. Never blocks.</summary>
    void Apply(Plan plan, NodeSnapshot snapshot, Policy policy);

    /// <summary>What people ask for, before the tick's plan.</summary>
    void Obey(AgentCommand command);

    /// <summary>Steps that ended since the last call, the oldest first.</summary>
    IReadOnlyList<Outcome> TakeOutcomes();
}
