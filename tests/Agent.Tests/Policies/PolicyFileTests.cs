using Headroom.Model;
using Headroom.Policies;

namespace Headroom.Tests.Policies;

/// <summary>Whole policies, good and bad, with exactly what a person is told.</summary>
public sealed class PolicyFileTests
{
    private static readonly Preset[] BuiltIn = [new() { Name = "vllm" }, new() { Name = "tensorflow-serving" }];

    [Fact]
    public void A_policy_is_read_whole()
    {
        const string text = """
            apiVersion: headroom/v1
            mode: enforce                         # observe | recommend | enforce
            defaults: { priority: batch }
            workloads:
              - name: recommender
                match: { composeService: recommender }
                priority: critical
                slo: { p95: 80ms, ttftP99: 1.5s }
                vram: { guarantee: 20GiB, cap: 24GiB }
                ports: [8501]
                metrics: { preset: tensorflow-serving, port: 8501, path: /monitoring/prometheus/metrics }
              - name: nightly
                match:
                  image: 'ghcr.io/acme/embed*'
                  label: team=search
                mode: recommend
                priority: batch
                yields: never
                ports: 8000, 8001
                metrics:
                  probe: { http: "POST /v1/embeddings", port: 8000, body: '{"input": "x"}', every: 30s }
              - name: own
                match: { container: own-? }
                metrics: { textfile: /var/lib/headroom/own.prom }
              - name: queried
                match: { container: queried }
                metrics:
                  promql: { url: "http://prometheus:9090", p95: "histogram_quantile(0.95, x)", ttftP50: y, running: sum(z) }
            presets:
              - { name: mine, paths: [/metrics], fields: { e2e: { histogram: my_seconds } } }
              - { name: vllm, ports: [1], paths: [/metrics], fields: { running: { gauge: r } } }
            """;

        var policy = Good(text);

        Assert.Equal(Mode.Enforce, policy.Mode);
        Assert.Equal(Priority.Batch, policy.DefaultPriority);
        Assert.Equal(["policy.yaml"], policy.Files);
        Assert.Equal(["vllm", "tensorflow-serving", "mine"], policy.Presets.Select(preset => preset.Name));
        Assert.Equal([1], policy.Presets[0].Ports);
        Assert.Equal(4, policy.Workloads.Count);

        var recommender = policy.Workloads[0];
        Assert.Equal("recommender", recommender.Name);
        Assert.Equal("policy.yaml:5", recommender.Source);
        Assert.Equal(new WorkloadMatch(ComposeService: "recommender"), recommender.Match);
        Assert.True(recommender.Match.OptsIn);
        Assert.Null(recommender.Mode);
        Assert.Equal(Priority.Critical, recommender.Priority);
        Assert.Equal(
            [
                new Slo(LatencySignal.EndToEnd, 0.95, TimeSpan.FromMilliseconds(80)),
                new Slo(LatencySignal.TimeToFirstToken, 0.99, TimeSpan.FromSeconds(1.5)),
            ],
            recommender.Slos);
        Assert.Equal(20L << 30, recommender.GuaranteeBytes);
        Assert.Equal(24L << 30, recommender.CapBytes);
        Assert.Equal([8501], recommender.Ports);
        Assert.Equal(new MetricsSource("tensorflow-serving", 8501, "/monitoring/prometheus/metrics"), recommender.Metrics);

        var nightly = policy.Workloads[1];
        Assert.Equal(new WorkloadMatch(Image: "ghcr.io/acme/embed*", Label: "team=search"), nightly.Match);
        Assert.False(nightly.Match.OptsIn);
        Assert.Equal((Mode.Recommend, Priority.Batch, Yields.Never), (nightly.Mode, nightly.Priority, nightly.Yields));
        Assert.Equal([8000, 8001], nightly.Ports);
        Assert.Equal(
            new HttpProbe("POST", "/v1/embeddings", 8000, "{\"input\": \"x\"}", TimeSpan.FromSeconds(30)), nightly.Metrics!.Probe);

        Assert.Equal("/var/lib/headroom/own.prom", policy.Workloads[2].Metrics!.Textfile);
        var query = policy.Workloads[3].Metrics!.Query!;
        Assert.Equal(("http://prometheus:9090", "sum(z)"), (query.Url, query.Running));
        Assert.Equal("histogram_quantile(0.95, x)", query.Seconds["p95"]);
        Assert.Equal(["p95", "ttftP50"], query.Seconds.Keys);
    }

    [Fact]
    public void A_member_that_gives_only_the_name_of_its_group_takes_the_rest_from_the_first_that_gives_more()
    {
        var policy = Good("""
            apiVersion: headroom/v1
            workloads:
              - { name: a, match: { container: a }, group: { name: g } }
              - { name: b, match: { container: b }, group: { name: g, mode: scale, max: 3 } }
              - { name: c, match: { container: c }, group: { name: alone } }
            """);

        var scale = new GroupUse("g", GroupMode.Scale, 1, 3, GroupUse.DefaultCooldown);
        Assert.Equal([scale, scale, new GroupUse("alone")], policy.Workloads.Select(workload => workload.Group));
    }

    [Fact]
    public void A_rule_is_switched_off_by_one_word_or_by_its_key()
    {
        var rules = Good("apiVersion: headroom/v1\nrules: { gate: off, scale: { enabled: no } }\n").Rules;

        Assert.Equal(["Scale", "Gate"], rules.All.Where(rule => !rule.Settings.Enabled).Select(rule => rule.Name.ToString()));
    }

    [Fact]
    public void A_policy_that_says_nothing_only_watches()
    {
        var policy = Good("apiVersion: headroom/v1\n");

        Assert.Equal(Mode.Observe, policy.Mode);
        Assert.Equal(Priority.Standard, policy.DefaultPriority);
        Assert.Empty(policy.Workloads);
        Assert.Equal(BuiltIn, policy.Presets);
    }

    [Fact]
    public void A_probe_that_says_no_interval_asks_every_ten_seconds() =>
        Assert.Equal(TimeSpan.FromSeconds(10), Good(Workload("metrics: { probe: { http: GET /health } }")).Workloads[0].Metrics!.Probe!.Every);

    [Fact]
    public void The_hash_is_what_sha256sum_says() =>
        // printf 'apiVersion: headroom/v1\n' | sha256sum
        Assert.Equal("6147b784e09a", Good("apiVersion: headroom/v1\n").Hash);

    [Fact]
    public void All_mistakes_of_a_file_are_told_at_once() =>
        Bad(
            """
            apiVersion: headroom/v2
            mode: enforced
            default: { priority: critcal }
            defaults: { priority: critcal }
            workloads:
              - name: recommender
                match: { composeServce: recommender }
                prioritty: critical
                slo: { p95: 80, p97: 1s, p99: 0 }
                vram: { guarantee: 24GiB, cap: 20GiB }
                metrics: { preset: tensorflow-servin, port: 85010 }
              - match: { container: b, container: c }
                name: recommender
                yields:
            """,
            """
            policy.yaml:1:13: apiVersion: "headroom/v2" is not a version that this Headroom reads; did you mean headroom/v1?
            policy.yaml:2:7: mode: "enforced" is not a mode; did you mean enforce?
            policy.yaml:3:1: a policy has no key "default"; did you mean defaults?
            policy.yaml:4:23: priority: "critcal" is not a priority; did you mean critical?
            policy.yaml:7:14: match has no key "composeServce"; did you mean composeService?
            policy.yaml:8:5: a workload has no key "prioritty"; did you mean priority?
            policy.yaml:9:17: p95: "80" is not a duration; write 80ms or 80s
            policy.yaml:9:21: slo has no key "p97"; did you mean p90?
            policy.yaml:9:35: p99: "0" is out of range; write more than 0, such as 80ms
            policy.yaml:10:24: guarantee 24GiB is more than cap 20GiB; nobody can count on more than it may hold
            policy.yaml:11:24: no preset is called "tensorflow-servin"; did you mean tensorflow-serving?
            policy.yaml:11:49: port: "85010" is not a port (1 to 65535); write 8000
            policy.yaml:12:28: the key "container" stands twice; first at line 12, column 14
            policy.yaml:13:11: a workload called "recommender" stands already at policy.yaml:6:11; names are unique
            policy.yaml:14:12: yields has no value; write a way to yield: gate
            """);

    [Theory]
    [InlineData("priority: [critical]", "4:15: priority must be a priority: critical; found a list")]
    [InlineData("slo: 80ms", "4:10: slo must be slo: { p95: 80ms }; found \"80ms\"")]
    [InlineData("slo: {}", "4:10: slo is empty; remove it, or fill it in")]
    [InlineData("vram: { cap: 20 }", "4:18: cap: \"20\" is out of range; write 1MiB or more, such as 20GiB")]
    [InlineData("vram: { cap: 24G }", "4:18: cap: \"24G\" is not a size; write 24GiB")]
    [InlineData("ports: [8000, a]", "4:19: an item of ports: \"a\" is not a port (1 to 65535); write 8000")]
    [InlineData("ports: { a: 1 }", "4:12: ports must be a list, each a port: [8000, 8001]; found a mapping")]

    [InlineData("metrics: {}", "4:14: metrics is empty; remove it (the server is detected then), or write preset, probe, promql, textfile, port or path")]
    [InlineData("metrics: { preset: vllm, textfile: /x }", "4:30: metrics come from one of preset, probe, promql or textfile; here it is preset already")]
    [InlineData("metrics: { textfile: /x, preset: vllm }", "4:30: metrics come from one of preset, probe, promql or textfile; here it is textfile already")]
    [InlineData("metrics: { textfile: x.prom }", "4:26: textfile: \"x.prom\" is not the absolute path of a file; write /var/lib/headroom/latency.prom")]
    [InlineData("metrics: { textfile: /x, port: 1 }", "4:30: port does not belong to textfile; remove it")]
    [InlineData("metrics: { probe: { http: GET /x }, path: /x }", "4:41: path does not belong to probe; write it inside probe")]
    [InlineData("metrics: { path: metrics }", "4:22: path: \"metrics\" is not a path that begins with /; write /metrics")]
    [InlineData("metrics: { preset: no-such }", "4:24: no preset is called \"no-such\"; write vllm or tensorflow-serving")]
    [InlineData("metrics: { probe: { port: 1 } }", "4:23: a probe needs the key http: \"GET /health\"")]
    [InlineData("metrics: { probe: { http: DELETE /x } }", "4:31: http: \"DELETE /x\" is not a request; write GET /health or POST /v1/embeddings")]
    [InlineData("metrics: { probe: { http: get /x } }", "4:31: http: \"get /x\" is not a request; write GET in capitals")]
    [InlineData("metrics: { probe: { http: GET /x, every: 500ms } }", "4:46: every: \"500ms\" is out of range; write 1s or more, such as 10s")]
    [InlineData("metrics: { probe: { http: GET /x, body: '{}' } }", "4:39: a GET has no body; remove it, or write POST")]
    [InlineData("metrics: { probe: { http: POST /x, body: { a: 1 } } }", "4:46: body must be JSON in quotes: '{\"input\": \"hello\"}'; found a mapping")]
    [InlineData("metrics: { probe: { http: POST /x, body: '{a}' } }", "4:46: body: \"{a}\" is not JSON; write '{\"input\": \"hello\"}' in single quotes")]
    [InlineData("metrics: { promql: { url: prometheus, p95: x } }", "4:31: url: \"prometheus\" is not the address of a server; write http://prometheus:9090")]
    [InlineData("metrics: { promql: { url: 'http://u:pw@p', p95: x } }", "4:31: url: an address with a user or password in it is refused; write http://prometheus:9090")]
    [InlineData("metrics: { promql: { url: 'http://p' } }", "4:24: promql asks for nothing; write a query, such as p95: ... (one of p50, p90, p95, p99, ttftP50, ttftP90, ttftP95, ttftP99, itlP50, itlP90, itlP95, itlP99, queueP50, queueP90, queueP95, queueP99 or running)")]
    public void A_workload_that_cannot_work_is_refused(string line, string problem) => Bad(Workload(line), $"policy.yaml:{problem}");

    [Theory]
    [InlineData("match: {}", "3:12: match is empty; remove it, or fill it in")]
    [InlineData("match: { container: 'a b' }", "3:25: container: \"a b\" is not a name or pattern; write recommender or nightly-*")]
    [InlineData("match: { label: '=x' }", "3:21: label: \"=x\" is not a label; write com.example.team=search or com.example.team")]
    public void A_match_that_cannot_work_is_refused(string match, string problem) =>
        Bad($"apiVersion: headroom/v1\nworkloads:\n  - {match}\n    name: a\n", $"policy.yaml:{problem}");

    [Theory]
    [InlineData("match: { label: team: search }", "4:25: not valid YAML: a comma or closing bracket is missing before this")]
    [InlineData("match: { container: a", "5:1: not valid YAML: a comma or closing bracket is missing before this")]
    [InlineData("match: { container: a } }", "4:29: not valid YAML: no key is possible here; check indentation, brackets and quotes")]
    [InlineData("match: { container: * }", "4:25: not valid YAML: a value that begins with * or & must stand in quotes")]
    [InlineData("match: { container: *-embed }", "4:25: the alias *-embed is not allowed; write the value out, or in quotes if * is meant as a pattern")]
    [InlineData("match: container: x", "4:21: not valid YAML: a second \": \" in one value; put the value in quotes, or the key on a line of its own")]
    [InlineData("name: %x", "4:11: not valid YAML: a value that begins with this character must stand in quotes")]
    [InlineData("name: \"x", "4:11: not valid YAML: the quote that begins here does not end")]
    [InlineData("name: \"\\q\"", "4:11: not valid YAML: an unknown \\ escape; write the text in single quotes")]
    [InlineData("match: { container: x }\n   mode: observe", "5:4: not valid YAML: this does not belong to the list above; check its indentation")]
    [InlineData("match\n    mode: observe", "4:5: not valid YAML: no key is possible here; check indentation, brackets and quotes")]
    public void A_slip_of_syntax_is_told_in_plain_words(string line, string problem) =>
        Bad($"apiVersion: headroom/v1\nworkloads:\n  - name: a\n    {line}\n", $"policy.yaml:{problem}");

    [Theory]
    [InlineData("", "1:1: the file is empty")]
    [InlineData("# nothing yet\n", "1:1: the file is empty")]
    [InlineData("mode: observe\n", "1:1: a policy needs the key apiVersion: headroom/v1")]
    [InlineData("- a\n", "1:1: a policy is a mapping that begins with apiVersion: headroom/v1; found a list")]
    [InlineData("hello\n", "1:1: a policy is a mapping that begins with apiVersion: headroom/v1; found \"hello\"")]
    [InlineData("apiVersion: headroom/v1\n---\na: 1\n", "2:1: a second document; a file holds one, remove the \"---\" or make it another file")]
    [InlineData("apiVersion: headroom/v1\nmode: observe\nmode: enforce\n", "3:1: the key \"mode\" stands twice; first at line 2, column 1")]
    [InlineData("apiVersion: headroom/v1\nmode: &m observe\n", "2:7: the anchor &m is not allowed; write the value out where it is needed")]
    [InlineData("apiVersion: headroom/v1\nmode: *m\n", "2:7: the alias *m is not allowed; write the value out, or in quotes if * is meant as a pattern")]
    [InlineData("apiVersion: headroom/v1\nmode: !!str observe\n", "2:7: the tag \"tag:yaml.org,2002:str\" is not allowed; write the bare value")]
    [InlineData("apiVersion: headroom/v1\n<<: { mode: observe }\n", "2:1: the merge key << is not allowed; write the keys out")]
    [InlineData("apiVersion: headroom/v1\n[a, b]: c\n", "2:1: a key must be one word, found a list")]
    [InlineData("apiVersion: headroom/v1\n\tmode: observe\n", "2:1: a tab; YAML wants spaces")]
    [InlineData("apiVersion: headroom/v1\nmode:\tobserve\n", "2:6: a tab; YAML wants spaces")]
    [InlineData("apiVersion: headroom/v1\nmode: ob\u0000serve\n", "2:9: the invisible character U+0000; remove it")]
    [InlineData("apiVersion: headroom/v1\nmode: observe\u2028\n", "2:14: the invisible character U+2028; remove it")]
    [InlineData("apiVersion: headroom/v1\n\u00a0mode: observe\n", "2:1: a policy has no key \"\\u00a0mode\"; did you mean mode?")]
    public void A_file_that_is_no_policy_is_refused(string text, string problem) => Bad(text, $"policy.yaml:{problem}");

    [Fact]
    public void A_tab_in_a_comment_does_no_harm() => Good("apiVersion: headroom/v1 #\there\n#\tand here\n");

    [Fact]
    public void A_byte_order_mark_and_Windows_line_ends_do_no_harm() => Good("\ufeffapiVersion: headroom/v1\r\nmode: observe\r\n");

    [Fact]
    public void Text_that_is_not_UTF_8_is_refused_where_it_begins()
    {
        byte[] bytes = [.. "apiVersion: headroom/v1\n# Gr"u8, 0xfc, .. "ezi\n"u8];

        var told = Assert.Single(PolicyReader.Read([new("policy.yaml", bytes)], BuiltIn).Problems);

        Assert.Equal("policy.yaml:2:5: not UTF-8 text; save the file as UTF-8", told.ToString());
    }

    [Fact]
    public void A_file_of_more_than_a_mebibyte_is_refused() =>
        Bad("apiVersion: headroom/v1\n#" + new string('x', 1 << 20), "policy.yaml:1:1: larger than 1 MiB: not a policy");

    [Fact]
    public void Thirty_two_levels_are_deep_enough()
    {
        Bad("apiVersion: headroom/v1\nx: " + new string('[', 32) + new string(']', 32), "policy.yaml:2:35: nested deeper than 32 levels: not a policy");
        Bad("apiVersion: headroom/v1\nx: " + new string('[', 31) + new string(']', 31), "policy.yaml:2:1: a policy has no key \"x\"; write apiVersion, mode, enforceUntil, vram, defaults, workloads, windows, rules, alerts, limits, notify or presets");
    }

    [Fact]
    public void More_keys_and_values_than_any_policy_has_are_refused() =>
        Bad("apiVersion: headroom/v1\nx: [" + string.Concat(Enumerable.Repeat("1,", 20_000)) + "]", "policy.yaml:2:39995: more than 20000 keys and values: not a policy");

    [Fact]
    public void After_fifty_mistakes_the_rest_is_only_counted()
    {
        var problems = Read("apiVersion: headroom/v1\n" + string.Concat(Enumerable.Range(0, 70).Select(i => $"key{i}: 1\n"))).Problems;

        Assert.Equal(51, problems.Count);
        Assert.Equal("policy.yaml:52:1: and 20 more mistakes, the first of them here", problems[50].ToString());
    }

    [Fact]
    public void A_mistake_below_an_anchor_is_told_too() =>
        Bad(
            "apiVersion: headroom/v1\nworkloads:\n  - &a\n    name: a\n    match: { container: a }\n    mode: x\n  - *a\n",
            """
            policy.yaml:3:5: the anchor &a is not allowed; write the value out where it is needed
            policy.yaml:6:11: mode: "x" is not a mode; write observe, recommend or enforce
            policy.yaml:7:5: the alias *a is not allowed; write the value out, or in quotes if * is meant as a pattern
            """);

    [Theory]
    [InlineData("010")]
    [InlineData("1:30")]
    [InlineData("0o17")]
    [InlineData("no")]
    [InlineData("~")]
    [InlineData("null")]
    [InlineData("1e3")]
    public void A_name_that_YAML_would_read_as_something_else_stays_what_it_is(string name) =>
        Assert.Equal(name, Good($"apiVersion: headroom/v1\nworkloads: [ {{ name: {name}, match: {{ container: x }} }} ]\n").Workloads[0].Name);

    private static string Workload(string line) => $"apiVersion: headroom/v1\nworkloads:\n  - {{ name: a, match: {{ container: a }},\n    {line} }}\n";

    private static PolicyResult Read(string text) => PolicyReader.Read([PolicyFile.FromText("policy.yaml", text)], BuiltIn);

    private static Policy Good(string text)
    {
        var result = Read(text);
        Assert.Empty(result.Problems);
        return result.Policy!;
    }

    private static void Bad(string text, string problems)
    {
        var result = Read(text);
        Assert.Null(result.Policy);
        Assert.Equal(problems.Split('\n').Select(line => line.TrimEnd('\r')), result.Problems.Select(problem => problem.ToString()));
    }
}
