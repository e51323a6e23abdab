namespace Headroom.IntegrationTests.Dashboards;

/// <summary>What Grafana puts in the place of variables before it asks Prometheus.</summary>
/// <param name="Node">A regular expression; All is <c>.*</c>, as the dashboards say.</param>
internal sealed record GrafanaVariables(string Node, TimeSpan Range)
{
    // Four scrapes of 15 seconds: Grafana's least.
    private const int RateSeconds = 60;

    public string Fill(string query)
    {
        var range = (int)Range.TotalSeconds;
        // The longer name first: $__range stands in $__range_s too.
        return query
            .Replace("$__rate_interval_ms", $"{RateSeconds * 1000}", StringComparison.Ordinal)
            .Replace("$__rate_interval", $"{RateSeconds}s", StringComparison.Ordinal)
            .Replace("$__range_s", $"{range}", StringComparison.Ordinal)
            .Replace("$__range", $"{range}s", StringComparison.Ordinal)
            .Replace("$node", Node, StringComparison.Ordinal)
            .Replace("$gpu", ".*", StringComparison.Ordinal)
            .Replace("$workload", ".*", StringComparison.Ordinal);
    }
}
