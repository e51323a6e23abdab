namespace Headroom.Profiling;

/// <summary>The time that a measurement may take.</summary>
internal sealed class Deadline(TimeSpan budget, TimeProvider time)
{
    private readonly long _began = time.GetTimestamp();

    /// <summary>Seconds.</summary>
    public double Spent => time.GetElapsedTime(_began).TotalSeconds;
    public double Left => budget.TotalSeconds - Spent;
    public double Part => Math.Min(1, Spent / budget.TotalSeconds);
    public bool IsOver => Left <= 0;
}
