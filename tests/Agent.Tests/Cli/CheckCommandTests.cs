using System.Runtime.CompilerServices;
using Headroom.Cli;
using Headroom.Policies;
using Headroom.Run;
using Headroom.Tests.Support;

namespace Headroom.Tests.Cli;

public sealed class CheckCommandTests : IDisposable
{
    private const string Everything = """
        apiVersion: headroom/v1
        mode: recommend
        defaults: { priority: batch }
        workloads:
          - name: recommender
            match: { composeService: recommender }
            priority: critical
            mode: enforce
            slo: { p95: 80ms, ttftP99: 1.5s }
            vram: { guarantee: 20GiB, cap: 24GiB }
            ports: [8501, 8502]
            metrics: { preset: tensorflow-serving, port: 8501 }
          - name: by image
            match: { image: "vllm/*", label: "team=search" }
            mode: observe
            yields: share
            metrics: { probe: { http: "POST /predict", port: 8000, body: '{"text": "a \"b\" \\ c"}', every: 90s } }
          - name: 夜间批处理
            match: { container: nightly }
            vram: { cap: 512MiB }
            metrics: { promql: { url: "http://127.0.0.1:9090", p95: 'histogram_quantile(0.95, sum by (le) (rate(x{job="a"}[1m])))', running: "y" } }
          - name: file
            match: { container: with-file }
            metrics: { textfile: /var/lib/m.prom }
        """;

    private readonly string _file = Path.GetTempFileName();
    private readonly StringWriter _output = new();
    private readonly StringWriter _talk = new();

    public void Dispose()
    {
        File.Delete(_file);
        _output.Dispose();
        _talk.Dispose();
    }

    [Fact]
    public void A_right_policy_is_said_to_be_right()
    {
        Assert.Equal(ExitCode.Ok, Check(Everything));
        Assert.Contains("is right: policy ", _talk.ToString(), StringComparison.Ordinal);
        Assert.Contains("mode recommend, 4 workloads", _talk.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _output.ToString());
    }

    [Fact]
    public void A_wrong_policy_is_told_all_its_mistakes_at_once_with_their_places()
    {
        Assert.Equal(ExitCode.Usage, Check("apiVersion: headroom/v1\nmode: enforc\nworkloads:\n  - name: a\n    match: { composeServce: b }\n"));
        Assert.Contains($"{_file}:2:7:", _talk.ToString(), StringComparison.Ordinal);
        Assert.Contains("did you mean composeService?", _talk.ToString(), StringComparison.Ordinal);
        Assert.Contains("2 problems", _talk.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_effective_policy_shows_where_each_value_comes_from()
    {
        Check(Everything, print: true);
        Golden.Matches(_output.ToString().Replace(Path.GetFileName(_file), "policy.yaml", StringComparison.Ordinal), "check-print.txt");
    }

    [Fact]
    public void The_effective_policy_reads_back_as_the_same_policy()
    {
        Check(Everything, print: true);
        var again = PolicyReader.Read([PolicyFile.FromText("printed.yaml", _output.ToString())], PresetLibrary.BuiltIn());
        Assert.Empty(again.Problems);
        var before = PolicyReader.Read([PolicyFile.FromText("policy.yaml", Everything)], PresetLibrary.BuiltIn()).Policy!;
        Assert.Equal("", Same.Difference(before, again.Policy, "Hash", "Files", "Source"));
    }

    [Fact]
    public void A_policy_with_every_key_reads_back_as_the_same_policy()
    {
        var full = File.ReadAllText(Path.Combine(Folder(), "../Policies/Expected/full-policy.yaml"));
        Check(full, print: true);
        Assert.Equal(
            "", Same.Difference(Read(full), Read(_output.ToString()), "Hash", "Files", "Source"));
        Golden.Matches(_output.ToString().Replace(Path.GetFileName(_file), "policy.yaml", StringComparison.Ordinal), "check-print-full.txt");
    }

    [Fact]
    public void A_policy_that_says_nothing_is_printed_with_all_its_defaults()
    {
        Check("apiVersion: headroom/v1\n", print: true);
        Assert.Equal("", Same.Difference(Read("apiVersion: headroom/v1\n"), Read(_output.ToString()), "Hash", "Files", "Source"));
        Assert.All(_output.ToString().TrimEnd().Split('\n').Skip(1).Where(line => !line.TrimEnd().EndsWith(':')), line => Assert.EndsWith("# default", line.TrimEnd(), StringComparison.Ordinal));
    }

    [Fact]
    public void Names_and_texts_that_could_be_read_as_something_else_survive()
    {
        const string text = """
            apiVersion: headroom/v1
            workloads:
              - { name: "no # yes: \"x\" \\ {", match: { label: "a=\u00e9 [*] & % \u200b" }, metrics: { promql: { url: "http://p", p95: "a\tb\nc\x07\u2028\ud83d\ude00" } }, window: { name: "~ /null" } }
              - { name: "null", match: { container: "010" }, vram: { cap: 1234567, weight: 0.3 }, share: { floor: 7% }, slo: { p99: 1.00001s, p50: 0.25ms } }
            windows: { "~ /null": { from: "00:00", to: "24:00", days: "sat,sun" } }
            """;
        Check(text, print: true);
        Assert.Equal("", Same.Difference(Read(text), Read(_output.ToString()), "Hash", "Files", "Source"));
    }

    [Fact]
    public void What_will_surprise_is_warned_of_and_the_policy_is_right_all_the_same()
    {
        Assert.Equal(ExitCode.Ok, Check("apiVersion: headroom/v1\nmode: enforce\n"));
        Assert.Contains("warning: mode is enforce, but no entry has an slo", _talk.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _output.ToString());
    }

    [Fact]
    public void Without_a_file_there_is_nothing_to_check()
    {
        Assert.Equal(ExitCode.Usage, CheckCommand.Run(null, print: false, _output, _talk));
        Assert.Contains("headroom check policy.yaml", _talk.ToString(), StringComparison.Ordinal);
    }

    private static string Folder([CallerFilePath] string test = "") => Path.GetDirectoryName(test)!;

    private static Headroom.Model.Policy Read(string text)
    {
        var result = PolicyReader.Read([PolicyFile.FromText("policy.yaml", text)], PresetLibrary.BuiltIn());
        Assert.Empty(result.Problems);
        return result.Policy!;
    }

    private int Check(string text, bool print = false)
    {
        File.WriteAllText(_file, text);
        return CheckCommand.Run(_file, print, _output, _talk);
    }
}
