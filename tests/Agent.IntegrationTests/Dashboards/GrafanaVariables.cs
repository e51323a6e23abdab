using System.Text.RegularExpressions;
using Headroom.Testing.Dashboards;

namespace Headroom.IntegrationTests.Dashboards;

/// <summary>What Grafana puts in the place of variables before it asks Prometheus.</summary>
/// <param name="Node">A regular expression; All is <c>.*</c>, as the dashboards say.</param>
internal sealed record GrafanaVariables(string Node, TimeSpan Range)
{
    private const int ScrapeSeconds = 15;

    /// <summary>One value chosen in a variable of several: taken literally, and escaped for the string of PromQL that it stands in.</summary>
    public static string Chosen(string value) => Regex.Escape(value).Replace("\\", "\\\\", StringComparison.Ordinal);

    /// <summary>Seconds from point to point: what the panel asks for at least, else a scrape.</summary>
    public static int Step(DashboardPanel panel) => panel.Interval is { } interval
        ? int.Parse(interval.TrimEnd('m'), System.Globalization.CultureInfo.InvariantCulture) * 60
        : ScrapeSeconds;

    public string Fill(string query, int step = ScrapeSeconds)
    {
        // As Grafana's documentation defines $__rate_interval.
        var rate = Math.Max(step + ScrapeSeconds, 4 * ScrapeSeconds);
        var range = (int)Range.TotalSeconds;
        // The longer name first: $__range stands in $__range_s too.
        return query
            .Replace("$__rate_interval_ms", $"{rate * 1000}", StringComparison.Ordinal)
            .Replace("$__rate_interval", $"{rate}s", StringComparison.Ordinal)
            .Replace("$__range_s", $"{range}", StringComparison.Ordinal)
            .Replace("$__range", $"{range}s", StringComparison.Ordinal)
            .Replace("$node", Node, StringComparison.Ordinal)
            .Replace("$gpu", ".*", StringComparison.Ordinal)
            .Replace("$workload", ".*", StringComparison.Ordinal);
    }
}
