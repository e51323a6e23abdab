namespace Headroom.Act.Freezing;

/// <summary>What makes one container stand still: the freezer of its cgroup, or the launch gate in its processes. Used by the freezer's thread only; nothing is allocated.</summary>
internal interface IBrake : IDisposable
{
    /// <summary>The last error number of the kernel; 0: none.</summary>
    int Error { get; }
    /// <summary>The container has ended.</summary>
    bool IsGone { get; }

    /// <summary>False: see <see cref="Error"/>.</summary>
    bool Write(bool frozen);

    /// <summary>What became of our own hand.</summary>
    FreezerState Read();

    /// <summary>Launches that may be in flight; null where there is no such cap.</summary>
    int? InFlightCap { get; }

    /// <summary>How long the GPU stayed busy after the last closings, as the brake itself knows; null where it does not.</summary>
    TimeSpan? Drain { get; }

    /// <summary>Called at least every 100 ms while this agent holds its lease and the container has a gate: a brake that lets go by itself is held a little longer.</summary>
    void Renew();
}
