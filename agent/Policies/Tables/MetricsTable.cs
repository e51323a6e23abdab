using Headroom.Model;
using Headroom.Policies.Binding;
using Headroom.Policies.Yaml;
using MetricsKey = Headroom.Policies.Binding.Key<Headroom.Model.MetricsSource>;
using ProbeKey = Headroom.Policies.Binding.Key<Headroom.Model.HttpProbe>;
using QueryKey = Headroom.Policies.Binding.Key<Headroom.Model.PrometheusQuery>;

namespace Headroom.Policies.Tables;

/// <summary>The keys of a workload's <c>metrics:</c>.</summary>
internal static class MetricsTable
{
    private static readonly IReadOnlyList<string> Sources = ["preset", "probe", "promql", "textfile"];

    private static readonly Mapping<HttpProbe> Probe = new(
        "a probe", "{ http: \"GET /health\" }", _ => new("", "", null, null, TimeSpan.FromSeconds(10)),
        [
            ProbeKey.Required("http", Shapes.Request("GET /health"),
                "What to ask the workload itself. Each is a real request.", (p, v) => p with { Method = v.Method, Path = v.Path }),
            ProbeKey.Optional("port", Shapes.Port, "Container port; detected when not given.", (p, v) => p with { Port = v }),
            ProbeKey.Optional("body", new ScalarShape<string>("JSON in quotes", "'{\"input\": \"hello\"}'", Addresses.Json),
                "JSON sent with a POST.", (p, v) => p with { Body = v }),
            ProbeKey.Optional("every", new ScalarShape<TimeSpan>("a duration", "10s", Scalars.Duration, range: new("1s or more", d => d >= TimeSpan.FromSeconds(1)), json: ScalarJson.Duration),
                "How often; 10s by default.", (p, v) => p with { Every = v }),
        ],
        (_, mapping, problems) =>
        {
            if (mapping.Find("body") is { } body && mapping.Find("http")?.Value is YamlScalar http && http.Text.StartsWith("GET ", StringComparison.Ordinal))
                problems.Add(body.Key.At, "a GET has no body; remove it, or write POST");
        });

    private static readonly Mapping<PrometheusQuery> Query = new(
        "promql", "{ url: \"http://prometheus:9090\", p95: my_p95_seconds }", _ => new("", new Dictionary<string, string>(), null),
        [
            QueryKey.Required("url", new ScalarShape<string>("the address of a server", "http://prometheus:9090", Addresses.Url),
                "The Prometheus server.", (q, v) => q with { Url = v }),
            .. SloWords.All.Select(word => QueryKey.Optional(word, Shapes.Text, $"A query that gives {word} in seconds, one value.",
                (q, v) => q with { Seconds = new Dictionary<string, string>(q.Seconds) { [word] = v } })),
            QueryKey.Optional("running", Shapes.Text, "A query that gives the requests in flight, one value.", (q, v) => q with { Running = v }),
        ],
        (_, mapping, problems) =>
        {
            if (!mapping.Has("running") && !SloWords.All.Any(mapping.Has))
                problems.Add(mapping.At, $"promql asks for nothing; write a query, such as p95: ... (one of {Wording.Or([.. SloWords.All, "running"])})");
        });

    public static readonly Mapping<MetricsSource> Metrics = new(
        "metrics", "{ preset: vllm, port: 8000 }", _ => new(),
        [
            MetricsKey.Optional("preset", Shapes.PresetName, "What kind of server it is; detected when not given.", (m, v) => m with { Preset = v }),
            MetricsKey.Optional("port", Shapes.Port, "Container port of its metrics.", (m, v) => m with { Port = v }),
            MetricsKey.Optional("path", Shapes.HttpPath, "Path of its metrics.", (m, v) => m with { Path = v }),
            MetricsKey.Optional("probe", Probe, "Ask the model itself now and then, instead of reading metrics.", (m, v) => m with { Probe = v }),
            MetricsKey.Optional("promql", Query, "Read from a Prometheus server, instead.", (m, v) => m with { Query = v }),
            MetricsKey.Optional("textfile", Shapes.File("/var/lib/headroom/latency.prom"),
                "Read a file in the Prometheus text format that a script of yours writes, instead.", (m, v) => m with { Textfile = v }),
        ],
        Check);

    private static void Check(MetricsSource metrics, YamlMapping mapping, Problems problems)
    {
        if (mapping.Entries.Count == 0)
            problems.Add(mapping.At, $"metrics is empty; remove it (the server is detected then), or write {Wording.Or([.. Sources, "port", "path"])}");
        var given = mapping.Entries.Select(entry => entry.Key.Text).Where(Sources.Contains).ToList();
        foreach (var extra in given.Skip(1))
            problems.Add(mapping.Find(extra)!.Key.At, $"metrics come from one of {Wording.Or(Sources)}; here it is {given[0]} already");
        foreach (var key in (string[])["port", "path"])
            if (given is [not "preset", ..] && mapping.Find(key) is { } entry)
                problems.Add(entry.Key.At, $"{key} does not belong to {given[0]}{(given[0] == "probe" ? "; write it inside probe" : "; remove it")}");
    }
}
