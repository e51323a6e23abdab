using System.Diagnostics;
using System.Text.RegularExpressions;
using Headroom.Export.Metrics;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Testing;

namespace Headroom.Tests.Alerts;

/// <summary>The rules in <c>alerts/</c>: Prometheus takes them, they fire when they should and not otherwise, they name nothing that the agent does not export,
/// and whoever is woken finds a page.</summary>
public sealed partial class AlertRulesTests
{
    private static readonly string Root = DoubleBuild.RepositoryRoot("alerts/slo.yml");

    private static readonly Dictionary<string, MetricFamily> Families = MetricTable.All.ToDictionary(f => f.Name);

    /// <summary>Prometheus puts them on every series.</summary>
    private static readonly string[] TargetLabels = ["job", "instance"];

    /// <summary>What the agent writes where the rules ask for a certain value.</summary>
    private static readonly Dictionary<string, IReadOnlyList<string>> Words = new()
    {
        ["state"] = [.. Enum.GetValues<GpuHealth>().Select(h => h.Word())],
        ["reason"] = [.. ThrottleReasons.All.Select(r => r.Name)],
        ["rule"] = [.. Enum.GetValues<RuleName>().Select(r => r.Word())],
        ["verdict"] = [.. Enum.GetValues<Verdict>().Select(v => v.Word())],
        ["lever"] = [.. Enum.GetValues<Lever>().Select(l => l.Word())],
        ["result"] = [.. Enum.GetValues<OutcomeResult>().Select(r => r.Word())],
        ["mode"] = [.. Enum.GetValues<Mode>().Select(m => m.Word())],
        ["by"] = ["cap", "driver", "driver_while_free"],
        ["source"] = ["gpus", "containers"],
        ["code"] = [BatchWindowReasons.Failed.Code, BatchWindowReasons.StartedAlready.Code, BatchWindowReasons.UnknownWindow.Code],
        ["xid"] = ["13", "31", "43", "45", "68", "109"],
        ["job"] = ["headroom"],
    };

    [Fact]
    public void Prometheus_takes_the_rules() => PromTool(["check", "rules", .. RuleFiles()]);

    [Fact]
    public void Each_alert_fires_when_it_should_and_not_otherwise() => PromTool(["test", "rules", .. TestFiles()]);

    [Fact]
    public void The_rules_ask_for_what_the_agent_exports()
    {
        foreach (var file in RuleFiles())
            foreach (Match asked in Series().Matches(Code(file)))
            {
                Assert.True(Families.TryGetValue(asked.Groups["name"].Value, out var family), $"{file}: the agent exports no {asked.Value}");
                foreach (Match label in Matcher().Matches(asked.Groups["labels"].Value))
                    Assert.Contains(label.Groups["name"].Value, TargetLabels.Concat(family!.Labels));
            }
    }

    [Fact]
    public void The_rules_ask_for_values_that_the_agent_writes()
    {
        foreach (var file in RuleFiles())
            foreach (Match braces in Braces().Matches(Code(file)))
                foreach (Match label in Matcher().Matches(braces.Groups["labels"].Value).Where(label => !label.Groups["value"].Value.StartsWith('%')))
                {
                    Assert.True(Words.TryGetValue(label.Groups["name"].Value, out var words), $"{file}: {label.Value} is not looked at by this test");
                    Assert.Empty(label.Groups["value"].Value.Split('|').Except(words!));
                }
    }

    [Fact]
    public void The_tests_series_have_the_labels_of_the_agents_page()
    {
        foreach (var file in TestFiles())
            foreach (Match series in Series().Matches(InputSeries(file)))
            {
                Assert.True(Families.TryGetValue(series.Groups["name"].Value, out var family), $"{file}: the agent exports no {series.Value}");
                var labels = Matcher().Matches(series.Groups["labels"].Value).Select(l => l.Groups["name"].Value);
                Assert.Equal(TargetLabels.Concat(family!.Labels).Order(StringComparer.Ordinal), labels.Order(StringComparer.Ordinal));
            }
    }

    [Fact]
    public void Each_alert_has_a_severity_texts_a_page_and_a_row()
    {
        var rows = File.ReadAllText(Path.Combine(Root, "docs", "alerts.md"));
        foreach (var (name, rule) in Alerts())
        {
            Assert.Matches(@"severity: (critical|warning|info)\n", rule);
            Assert.Matches("""summary: ".+"\n""", rule);
            Assert.Matches("""description: ".+ First: .+"\n""", rule);
            Assert.Contains($"runbook: alerts/runbooks/{name}.md\n", rule, StringComparison.Ordinal);

            var page = File.ReadAllText(Path.Combine(Root, "alerts", "runbooks", $"{name}.md"));
            Assert.Matches($"^# {name}\n\n## Meaning\n\n[^#]+\n## Impact\n\n[^#]+\n## Diagnosis\n\n[^#]+\n## Mitigation\n\n[^#]+$", page);

            var wait = For().Match(rule) is { Success: true } waits ? $"{waits.Groups[1].Value} min" : name == "HeadroomDeadMansSwitch" ? "" : "at once";
            var severity = Severity().Match(rule).Groups[1].Value;
            Assert.Matches($@"\n\| \[{name}\]\(\.\./alerts/runbooks/{name}\.md\) \| [^|]+ \| {wait}{(wait.Length > 0 ? " " : "")}\| {severity} \|\n", rows);
        }
    }

    [Fact]
    public void Each_page_belongs_to_an_alert() => Assert.Equal(
        Alerts().Select(a => a.Name).Order(StringComparer.Ordinal),
        Directory.GetFiles(Path.Combine(Root, "alerts", "runbooks")).Select(p => Path.GetFileNameWithoutExtension(p)).Order(StringComparer.Ordinal));

    [Fact]
    public void Each_alert_has_a_test_that_it_fires_and_one_that_it_does_not()
    {
        var checks = TestFiles().SelectMany(file => Check().Matches(File.ReadAllText(file))).ToList();
        var names = Alerts().Select(a => a.Name).ToList();
        Assert.Empty(checks.Select(c => c.Groups["name"].Value).Except(names));
        // The one that always fires has no other case.
        Assert.Empty(names.Except(checks.Where(c => c.Groups["fires"].Success).Select(c => c.Groups["name"].Value)));
        Assert.Equal(["HeadroomDeadMansSwitch"], names.Except(checks.Where(c => !c.Groups["fires"].Success).Select(c => c.Groups["name"].Value)));
    }

    private static List<(string Name, string Rule)> Alerts() =>
        [.. RuleFiles().SelectMany(file => Alert().Matches(File.ReadAllText(file))).Select(m => (m.Groups["name"].Value, m.Value))];

    private static string[] RuleFiles() => [.. Directory.GetFiles(Path.Combine(Root, "alerts"), "*.yml").Order(StringComparer.Ordinal)];

    private static string[] TestFiles() => [.. Directory.GetFiles(Path.Combine(Root, "alerts", "tests"), "*.yml").Order(StringComparer.Ordinal)];

    /// <summary>Without comments.</summary>
    private static string Code(string file) =>
        string.Join('\n', File.ReadLines(file).Where(line => !line.TrimStart().StartsWith('#')));

    private static string InputSeries(string file) =>
        string.Join('\n', File.ReadLines(file).Where(line => line.TrimStart().StartsWith("- { series:", StringComparison.Ordinal)));

    private static void PromTool(string[] arguments)
    {
        if (!Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, "promtool"))))
        {
            Assert.False(Environment.GetEnvironmentVariable("HEADROOM_TEST_ALL") == "1", "this machine lacks promtool, and nothing may be skipped (HEADROOM_TEST_ALL=1)");
            Assert.Skip("needs promtool: run tests/run.sh, which installs what is needed");
        }
        using var run = Process.Start(new ProcessStartInfo("promtool", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var lines = run.StandardOutput.ReadToEnd();
        run.WaitForExit();
        Assert.True(run.ExitCode == 0, $"{lines}\n{errors.Result}");
    }

    [GeneratedRegex(@"\b(?<name>headroom_\w+)(?:\{(?<labels>[^}]*)\})?")]
    private static partial Regex Series();

    [GeneratedRegex(@"(?:headroom_\w+|headroom:[\w:]+|\bup)\{(?<labels>[^}]*)\}")]
    private static partial Regex Braces();

    [GeneratedRegex("""(?<name>\w+)(?:=~|!~|!=|=)(?:"(?<value>[^"]*)"|(?<value>%q))""")]
    private static partial Regex Matcher();

    [GeneratedRegex(@"^ +- alert: (?<name>\w+)\n(?:(?! +- (?:alert|record): ).*\n)+", RegexOptions.Multiline)]
    private static partial Regex Alert();

    [GeneratedRegex(@"\n +for: (\d+)m\n")]
    private static partial Regex For();

    [GeneratedRegex(@"severity: (\w+)\n")]
    private static partial Regex Severity();

    [GeneratedRegex(@"alertname: (?<name>\w+)(?:, exp_alerts: \[\] \}|\n +exp_alerts:\n +- (?<fires>exp_labels):)")]
    private static partial Regex Check();
}
