namespace Headroom.Simulate;

/// <summary>What a workload does with the GPU time it gets.</summary>
internal abstract class Engine
{
    /// <summary>It would use the GPU now.</summary>
    public abstract bool HasWork { get; }

    /// <summary>It has done all that there is to do, and the process ends with 0.</summary>
    public virtual bool IsDone => false;

    /// <summary>When something happens next, if the rate stays.</summary>
    public abstract TimeSpan NextAt { get; }

    /// <summary>Lets happen what was due at <paramref name="now"/>.</summary>
    public abstract void Step(TimeSpan now);

    /// <summary>GPU seconds that it gets in a second from now on.</summary>
    public abstract void SetRate(TimeSpan now, double rate);

    /// <summary>The process is loaded and ready.</summary>
    public abstract void Open(TimeSpan now);

    /// <summary>The process is gone, and what it was working on with it.</summary>
    public abstract void Close(TimeSpan now);
}
