using System.Globalization;

namespace Headroom.Benchmarks.Budgets;

/// <summary>One quantity over time, and whether it grows.</summary>
/// <param name="unit">For people, with its space; empty: a number.</param>
internal sealed class Growth(string name, string unit = "")
{
    private readonly List<(double Hours, double Value)> _points = [];

    public void Add(TimeSpan at, double value) => _points.Add((at.TotalHours, value));

    public double Most => _points.Max(p => p.Value);

    public const string Head = "| | start | middle | end | least..most | grows an hour |";

    public override string ToString()
    {
        var (slope, error) = Slope();
        return string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {_points[0].Value:0.##}{unit} | {_points[_points.Count / 2].Value:0.##}{unit} | {_points[^1].Value:0.##}{unit} | {_points.Min(p => p.Value):0.##}..{Most:0.##} | {slope:0.##} ± {error:0.##}{unit} |");
    }

    /// <summary>Least squares, with twice its standard error.</summary>
    private (double Slope, double Error) Slope()
    {
        if (_points.Count < 3)
            return (double.NaN, double.NaN);
        var (meanX, meanY) = (_points.Average(p => p.Hours), _points.Average(p => p.Value));
        var spread = _points.Sum(p => (p.Hours - meanX) * (p.Hours - meanX));
        var slope = _points.Sum(p => (p.Hours - meanX) * (p.Value - meanY)) / spread;
        var rest = _points.Sum(p => Math.Pow(p.Value - meanY - slope * (p.Hours - meanX), 2));
        return (slope, 2 * Math.Sqrt(rest / (_points.Count - 2) / spread));
    }
}
