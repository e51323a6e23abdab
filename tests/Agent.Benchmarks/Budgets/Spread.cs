using System.Globalization;

namespace Headroom.Benchmarks.Budgets;

/// <summary>Times of one thing, measured many times; microseconds.</summary>
internal sealed class Spread(IEnumerable<double> microseconds)
{
    private readonly double[] _sorted = [.. microseconds.Order()];

    public int Count => _sorted.Length;
    public double Median => At(0.5);
    public double P99 => At(0.99);
    public double Worst => _sorted[^1];

    /// <summary>Nearest rank.</summary>
    public double At(double rank) => _sorted.Length == 0 ? double.NaN : _sorted[Math.Max(0, (int)Math.Ceiling(rank * _sorted.Length) - 1)];

    /// <summary>For people: <c>p50 1.2 ms, p99 3.4 ms</c>.</summary>
    public override string ToString() => $"p50 {Words(Median)}, p99 {Words(P99)}";

    public static string Words(double microseconds) => microseconds switch
    {
        < 1000 => string.Create(CultureInfo.InvariantCulture, $"{microseconds:0.#} us"),
        < 1e6 => string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1e3:0.##} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1e6:0.##} s"),
    };
}
