using System.Globalization;
using Headroom.Cli.Doctor;
using Headroom.Cli.Doctor.Checks;
using Headroom.Cli.Doctor.Facts;
using Headroom.Model;
using Headroom.Tests.Support;
using static Headroom.Tests.Cli.Doctor.Patients;

namespace Headroom.Tests.Cli.Doctor;

/// <summary>SLOs against real servers on loopback, read as the agent reads them.</summary>
public sealed class SloCheckTests
{
    private static readonly Preset Vllm = new()
    {
        Name = "vllm",
        Ports = [8000],
        Paths = ["/metrics"],
        Detect = new() { Images = ["vllm/vllm-openai"], Prefixes = ["vllm:"] },
        Fields = new Dictionary<string, IReadOnlyList<PresetField>>
        {
            [PresetFields.EndToEnd] = [new("vllm:e2e_request_latency_seconds", PresetFieldKind.Histogram)],
            [PresetFields.TimeToFirstToken] = [new("vllm:time_to_first_token_seconds", PresetFieldKind.Histogram)],
            [PresetFields.Queue] = [new("vllm:queue_seconds", PresetFieldKind.SumAndCount, Count: "vllm:queue_count")],
        },
    };

    private static readonly string Page =
        "# TYPE vllm:e2e_request_latency_seconds histogram\n" + Histogram("vllm:e2e_request_latency_seconds", [0.3, 0.5, 0.8, 1.0, 60])
        + "# TYPE vllm:time_to_first_token_seconds histogram\n" + Histogram("vllm:time_to_first_token_seconds", [0.001, 0.005, 0.01, 1])
        + "vllm:queue_seconds 3\nvllm:queue_count 7\n";

    [Fact]
    public async Task An_slo_under_the_first_bucket_is_named_with_the_bound_and_a_finer_signal()
    {
        await using var server = RawHttpServer.Pages(new Dictionary<string, string> { ["/metrics"] = Page });

        var finding = Assert.Single(await ExamineAsync(server.Port, Slo("p95", 80)));

        Assert.Equal(Level.Warn, finding.Level);
        Assert.Equal("chat: SLO p95 of 80 ms is below the first bucket of vllm's e2e histogram, 300 ms: whether it is kept cannot be told", finding.What);
        Assert.Equal("set it to 300 ms or more, or use ttftP95 instead, whose first bucket is 1 ms", finding.Advice);
    }

    [Fact]
    public async Task Slos_that_can_be_judged_are_well()
    {
        await using var server = RawHttpServer.Pages(new Dictionary<string, string> { ["/metrics"] = Page });

        var findings = await ExamineAsync(server.Port, Slo("p95", 300), Slo("ttftP95", 50), Slo("p99", 60_000));

        Assert.Equal([Level.Ok, Level.Ok, Level.Ok], findings.Select(f => f.Level));
    }

    [Theory]
    [InlineData("p95", 61_000, "is above the last bucket of vllm's e2e histogram, 60 s")]
    [InlineData("queueP95", 100, "tells only a mean of queue")]
    [InlineData("itlP95", 100, "vllm tells no itl latency yet")]
    public async Task Slos_that_cannot_be_judged_are_told(string word, int milliseconds, string words)
    {
        await using var server = RawHttpServer.Pages(new Dictionary<string, string> { ["/metrics"] = Page });

        var finding = Assert.Single(await ExamineAsync(server.Port, Slo(word, milliseconds)));

        Assert.Equal(Level.Warn, finding.Level);
        Assert.Contains(words, finding.What, StringComparison.Ordinal);
        Assert.NotNull(finding.Advice);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_told_with_the_reason()
    {
        var server = RawHttpServer.Pages(new Dictionary<string, string>());
        var port = server.Port;
        await server.DisposeAsync();

        var finding = Assert.Single(await ExamineAsync(port, Slo("p95", 300)));

        Assert.Equal(Level.Warn, finding.Level);
        Assert.Contains("its latency cannot be read: ", finding.What, StringComparison.Ordinal);
        Assert.Contains("refused", finding.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_hangs_costs_its_patience_and_no_more()
    {
        await using var server = new RawHttpServer((_, _, stop) => Task.Delay(Timeout.Infinite, stop));
        var targets = new[] { Target(server.Port) };

        var latency = await LatencyFacts.ReadAsync(targets, [Vllm], TimeSpan.FromMilliseconds(200), TimeProvider.System, CancellationToken.None);

        var finding = Assert.Single(SloCheck.Of([Of(targets[0].Container, Slo("p95", 300))], latency));
        Assert.Contains("its latency cannot be read: no answer in time", finding.What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_workload_that_does_not_run_is_a_note() => Assert.Equal(
        Level.Note, Assert.Single(SloCheck.Of([Of(Container("chat", 'a') with { State = ContainerState.Exited }, Slo("p95", 300))], new Dictionary<string, WorkloadLatency>())).Level);

    private static async Task<List<Finding>> ExamineAsync(int port, params Slo[] slos)
    {
        var target = Target(port);
        var latency = await LatencyFacts.ReadAsync([target], [Vllm], TimeSpan.FromSeconds(20), TimeProvider.System, CancellationToken.None);
        return [.. SloCheck.Of([Of(target.Container, slos)], latency)];
    }

    // Its own address is this machine's loopback.
    private static LatencyTarget Target(int port) =>
        new(Container("chat", 'a') with { Addresses = ["127.0.0.1"] }, new MetricsSource(Preset: "vllm", Port: port), [], true);

    private static Slo Slo(string word, int milliseconds) =>
        new(SloWords.Find(word)!.Value.Signal, SloWords.Find(word)!.Value.Rank, TimeSpan.FromMilliseconds(milliseconds));

    private static string Histogram(string name, double[] bounds) =>
        string.Concat(bounds.Select((bound, i) => string.Create(CultureInfo.InvariantCulture, $"{name}_bucket{{model_name=\"m\",le=\"{bound}\"}} {i + 1}\n")))
        + $"{name}_bucket{{model_name=\"m\",le=\"+Inf\"}} 9\n{name}_sum{{model_name=\"m\"}} 3\n{name}_count{{model_name=\"m\"}} 9\n";
}
