namespace Headroom.Observe.Latency;

internal static class Units
{
    /// <summary>In seconds or bytes. Divides by 1,000 instead of multiplying by 0.001: 300 ms is then 0.3 s to the last digit.</summary>
    public static double Scale(double value, double unit) => unit < 1 ? value / Math.Round(1 / unit) : value * unit;
}
