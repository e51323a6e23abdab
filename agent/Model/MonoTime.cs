namespace Headroom.Model;

/// <summary>A point on the steady clock, which never jumps: time since the machine's clock origin.
/// Differences mean something, the value itself does not; it is meaningless on another machine or after a reboot.</summary>
internal readonly record struct MonoTime(TimeSpan SinceOrigin) : IComparable<MonoTime>
{
    public int CompareTo(MonoTime other) => SinceOrigin.CompareTo(other.SinceOrigin);

    public static TimeSpan operator -(MonoTime a, MonoTime b) => a.SinceOrigin - b.SinceOrigin;
    public static MonoTime operator +(MonoTime a, TimeSpan d) => new(a.SinceOrigin + d);
    public static MonoTime operator -(MonoTime a, TimeSpan d) => new(a.SinceOrigin - d);
    public static bool operator <(MonoTime a, MonoTime b) => a.SinceOrigin < b.SinceOrigin;
    public static bool operator >(MonoTime a, MonoTime b) => a.SinceOrigin > b.SinceOrigin;
    public static bool operator <=(MonoTime a, MonoTime b) => a.SinceOrigin <= b.SinceOrigin;
    public static bool operator >=(MonoTime a, MonoTime b) => a.SinceOrigin >= b.SinceOrigin;

    public override string ToString() => SinceOrigin.ToString("c", System.Globalization.CultureInfo.InvariantCulture);
}

internal static class MonoTimeExtensions
{
    /// <summary>The steady clock of this time provider, now.</summary>
    public static MonoTime Mono(this TimeProvider time) => new(time.GetElapsedTime(0));
}
