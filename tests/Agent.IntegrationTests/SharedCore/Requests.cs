using System.Globalization;

namespace Headroom.IntegrationTests.SharedCore;

/// <summary>One request of the load.</summary>
/// <param name="Arrival">When it should have left its client, seconds since the epoch.</param>
/// <param name="Latency">From then to the end of its answer (its sojourn), seconds; of one without an answer, how long it has waited.</param>
/// <param name="Service">From its begin in the server's worker to its end, seconds; null when the server did not tell.</param>
internal readonly record struct Request(double Arrival, double Latency, double? Service, bool Answered)
{
    public bool Within(double slo) => Answered && Latency <= slo;
}

/// <summary>Requests by arrival, and what they say of an SLO. Times are seconds, moments seconds since the epoch.</summary>
internal sealed class Requests(IEnumerable<Request> requests)
{
    /// <summary>So many say that a p95 is kept: one of them may be late.</summary>
    private const int Enough = 20;

    private readonly Request[] _all = [.. requests.OrderBy(r => r.Arrival)];

    /// <param name="text">Lines of <c>server load</c>; others are skipped.</param>
    public static Requests Parse(string text) => new(text.Split('\n').Select(line => line.Trim().Split(',')).Where(parts => parts.Length == 4).Select(parts =>
        new Request(Number(parts[0]), Number(parts[1]), parts[2].Length > 0 ? Number(parts[2]) : null, parts[3] == "1")));

    public int Count => _all.Length;
    public int Answered => _all.Count(r => r.Answered);
    public IEnumerable<double> Sojourns => _all.Select(r => r.Latency);
    public IEnumerable<double> Services => _all.Where(r => r.Service is not null).Select(r => r.Service!.Value);

    /// <summary>Coefficient of variation of the gaps between arrivals.</summary>
    public double GapVariation
    {
        get
        {
            var gaps = _all.Zip(_all.Skip(1), (a, b) => b.Arrival - a.Arrival).ToArray();
            if (gaps.Length < 2)
                return double.NaN;
            var mean = gaps.Average();
            return Math.Sqrt(gaps.Average(g => (g - mean) * (g - mean))) / mean;
        }
    }

    /// <summary>One without an answer counts with the time that it has waited: the truth is no less.</summary>
    public double P95 => Quantile(Sojourns, 0.95);

    /// <summary>Nearest rank.</summary>
    public static double Quantile(IEnumerable<double> values, double rank)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? throw new InvalidOperationException("no requests, no quantile") : sorted[(int)Math.Ceiling(rank * sorted.Length) - 1];
    }

    public Requests Between(double from, double to) => new(_all.Where(r => r.Arrival >= from && r.Arrival < to));

    public double Within(double slo) => _all.Length == 0 ? throw new InvalidOperationException("no requests") : (double)_all.Count(r => r.Within(slo)) / _all.Length;

    /// <summary>When the first request had waited as long as the SLO allows, and went on waiting; null: none did.</summary>
    public double? FirstBreach(double slo) => _all.Where(r => !r.Within(slo)).Select(r => (double?)(r.Arrival + slo)).Min();

    /// <summary>From its arrival on, 95 % of twenty requests were within the SLO; the first such one after <paramref name="since"/>. Null: none.</summary>
    public double? ProtectedFrom(double slo, double since)
    {
        var later = _all.Where(r => r.Arrival >= since).ToArray();
        for (var i = 0; i + Enough <= later.Length; i++)
            if (later.AsSpan(i, Enough).ToArray().Count(r => r.Within(slo)) >= Enough * 0.95)
                return later[i].Arrival;
        return null;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
