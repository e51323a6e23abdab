using Headroom.Model;

namespace Headroom.Decide.Rules.Vram;

/// <summary>Whether memory grows steadily, and how fast. Pure.</summary>
internal static class Growth
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Spacing = TimeSpan.FromSeconds(4.5);
    /// <summary>Less data proves nothing: models are loaded and caches filled within a minute or two.</summary>
    public static readonly TimeSpan LeastSpan = TimeSpan.FromMinutes(2);
    private const long LeastRise = 64 * Bytes.MiB;
    private const int Parts = 4;

    public static Trend Add(Trend? trend, DateTimeOffset startedAt, MonoTime now, long bytes)
    {
        if (trend is null || trend.StartedAt != startedAt)
            return new Trend(startedAt, [new TrendPoint(now, bytes)]);
        if (trend.Points.Count > 0 && now - trend.Points[^1].At < Spacing)
            return trend;
        // A gap (the source was away) would make a step of what was growth, or growth of a step.
        if (trend.Points.Count > 0 && now - trend.Points[^1].At > LeastSpan / 2)
            return new Trend(startedAt, [new TrendPoint(now, bytes)]);
        var points = new List<TrendPoint>(trend.Points.Count + 1);
        foreach (var point in trend.Points)
            if (now - point.At <= Window)
                points.Add(point);
        points.Add(new TrendPoint(now, bytes));
        return trend with { Points = points };
    }

    /// <summary>Bytes a second; null when it does not grow, or not steadily: a step that stopped, a load that goes up and down, too little data.</summary>
    public static double? Slope(Trend trend)
    {
        var points = trend.Points;
        if (points.Count < 2 * Parts || points[^1].At - points[0].At < LeastSpan || points[^1].Bytes - points[0].Bytes < LeastRise)
            return null;
        long up = 0, down = 0;
        for (var i = 1; i < points.Count; i++)
        {
            var change = points[i].Bytes - points[i - 1].Bytes;
            if (change > 0)
                up += change;
            else
                down -= change;
        }
        if (down > up / 5)
            return null;
        // Each part of the time has its share of the rise: one step, even a large one, makes only one part rise.
        var span = points[^1].At - points[0].At;
        var fair = (points[^1].Bytes - points[0].Bytes) / (double)Parts;
        var from = points[0].Bytes;
        for (int part = 1, i = 0; part <= Parts; part++)
        {
            while (i < points.Count - 1 && points[i + 1].At - points[0].At <= span * part / Parts)
                i++;
            if (points[i].Bytes - from < fair / 4)
                return null;
            from = points[i].Bytes;
        }
        return LeastSquares(points);
    }

    private static double? LeastSquares(IReadOnlyList<TrendPoint> points)
    {
        double n = points.Count, t = 0, b = 0, tt = 0, tb = 0;
        foreach (var point in points)
        {
            var x = (point.At - points[0].At).TotalSeconds;
            double y = point.Bytes - points[0].Bytes;
            t += x;
            b += y;
            tt += x * x;
            tb += x * y;
        }
        var slope = (n * tb - t * b) / (n * tt - t * t);
        return slope > 0 && double.IsFinite(slope) ? slope : null;
    }
}
