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

    private int Check(string text, bool print = false)
    {
        File.WriteAllText(_file, text);
        return CheckCommand.Run(_file, print, _output, _talk);
    }
}
