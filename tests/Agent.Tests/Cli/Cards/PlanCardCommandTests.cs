using System.Text.Json;
using Headroom.Export.Api;
using Headroom.Run;
using Headroom.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using static Headroom.Tests.Cli.Cards.Profiles;

namespace Headroom.Tests.Cli.Cards;

public sealed class PlanCardCommandTests : IDisposable
{
    private static readonly Headroom.Profiling.ProfileReport[] Seed =
        [Of("recommender", 20, "critical", 0.08, 42).Beside("vision", 1.31, 1.12), Of("vision", 15, "standard", 0.2, 28)];

    private readonly CardRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public async Task The_seed_example_fits_and_the_reserve_shrinks_with_a_warning()
    {
        Assert.Equal(ExitCode.Ok, await _run.PlanAsync(Seed, r => r with { Cards = ["40536MiB"], Reserves = ["5GiB"], Rates = ["recommender=20", "vision=8"] }));
        Golden.Matches(_run.Page.ToString(), "plan-card-seed.txt");
        Golden.Matches(File.ReadAllText(_run.Policy), "plan-card-seed.yaml");
        Golden.Matches(File.ReadAllText(_run.Tests), "plan-card-seed.test.yaml");
    }

    [Fact]
    public async Task A_round_40_GiB_keeps_the_whole_reserve_and_is_told_to_be_a_size_from_a_shop()
    {
        Assert.Equal(ExitCode.Ok, await _run.PlanAsync(Seed, r => r with { Cards = ["40GiB"], Reserves = ["5GiB"] }));
        var words = string.Join(' ', _run.Page.ToString().Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("an A100 sold with 40 GB 40,536 MiB, 424 MiB less than 40 GiB. With as much less here the reserve shrinks to 4,696 MiB", words, StringComparison.Ordinal);
        Assert.Contains("35 GiB 40 GiB 5 GiB 5 GiB", words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_impossible_set_is_refused_with_the_numbers_and_nothing_is_written()
    {
        Assert.Equal(ExitCode.Failed, await _run.PlanAsync([.. Seed, Of("nightly", 12, "batch", idle: 3)], r => r with { Cards = ["40536MiB"], Reserves = ["5GiB"] }));
        Golden.Matches(_run.Page.ToString(), "plan-card-refused.txt");
        Assert.EndsWith("nothing is written.\n", _run.Talk.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(_run.Policy) || File.Exists(_run.Tests));
    }

    [Fact]
    public async Task More_traffic_than_the_knee_is_refused_with_the_replicas_it_takes()
    {
        Assert.Equal(ExitCode.Failed, await _run.PlanAsync(Seed, r => r with { Cards = ["80GiB"], Rates = ["recommender=100"] }));
        Assert.Contains("can't answer 100/s in time: its knee is at 42/s, so that takes 3 replicas", _run.Page.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cards_that_are_not_said_are_those_of_the_profiles_where_no_agent_answers()
    {
        Assert.Equal(ExitCode.Ok, await _run.PlanAsync(Seed));
        Assert.Contains("those that the profiles were measured on, as no agent answers", _run.Page.ToString(), StringComparison.Ordinal);
        Assert.Contains("40,536 MiB", _run.Page.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_running_agent_tells_its_cards_and_who_else_holds_memory_there()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(_run.At("a.sock")));
        await using var app = builder.Build();
        var view = Views.Simulated();
        app.Run(http => new Endpoints(TestApi.Parts(() => view)).AnswerAsync(http, Listener.Control));
        await app.StartAsync(TestContext.Current.CancellationToken);

        Assert.Equal(ExitCode.Ok, await _run.PlanAsync([Of("recommender", 19, "critical", 0.08, 42), Of("nightly-embedding", 6, "batch")], r => r with { Sockets = [_run.At("a.sock")] }));
        Golden.Matches(_run.Page.ToString(), "plan-card-agent.txt");
        Assert.Equal(ExitCode.Ok, _run.Check());
        Assert.Equal(ExitCode.Ok, _run.Test());
    }

    [Fact]
    public async Task A_file_that_exists_is_kept_unless_forced()
    {
        File.WriteAllText(_run.Policy, "mine");
        Assert.Equal(ExitCode.Usage, await _run.PlanAsync(Seed, r => r with { Cards = ["80GiB"] }));
        Assert.Equal("mine", File.ReadAllText(_run.Policy));
        Assert.Contains("--force", _run.Talk.ToString(), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Ok, await _run.PlanAsync(Seed, r => r with { Cards = ["80GiB"], Force = true }));
        Assert.Equal(ExitCode.Ok, _run.Check());
    }

    [Fact]
    public async Task Without_a_file_the_policy_is_on_stdout_alone()
    {
        Assert.Equal(ExitCode.Ok, await _run.PlanAsync(Seed, r => r with { Cards = ["80GiB"], PolicyFile = null, TestFile = null }));
        _run.Write("policy.yaml", _run.Output.ToString());
        Assert.Equal(ExitCode.Ok, _run.Check());
        Assert.Empty(Directory.GetFiles(_run.At("."), "*.test.yaml"));
    }

    [Fact]
    public async Task Json_has_plan_and_policy()
    {
        Assert.Equal(ExitCode.Ok, await _run.PlanAsync(Seed, r => r with { Cards = ["80GiB"], PolicyFile = null, TestFile = null, Json = true }));
        using var json = JsonDocument.Parse(_run.Output.ToString());
        Assert.True(json.RootElement.GetProperty("works").GetBoolean());
        Assert.Equal("recommender", json.RootElement.GetProperty("plan").GetProperty("placements")[0].GetProperty("name").GetString());
        Assert.StartsWith("# Made by", json.RootElement.GetProperty("policy").GetString(), StringComparison.Ordinal);
        Assert.Empty(_run.Page.ToString());
    }

    [Theory]
    [InlineData("--card", "40G", "write 40GiB")]
    [InlineData("--card", "12", "is no card")]
    [InlineData("--card", "x=40GiB", "is no GPU's index")]
    [InlineData("--reserve", "7=5GiB", "there is no GPU 7")]
    [InlineData("--rate", "recomender=5", "did you mean recommender?")]
    [InlineData("--rate", "recommender=fast", "is not a rate")]
    [InlineData("--vram", "recommender", "is not NAME=VALUE")]
    [InlineData("--vram", "vision=15", "is less than 1MiB")]
    [InlineData("--priority", "vision=high", "is not a priority")]
    [InlineData("--tests", "", "goes with -o")]
    public async Task Wrong_usage_exits_2_with_what_would_be_right(string option, string word, string words)
    {
        Assert.Equal(ExitCode.Usage, await _run.PlanAsync(Seed, r => option switch
        {
            "--card" => r with { Cards = [word] },
            "--reserve" => r with { Cards = ["80GiB"], Reserves = [word] },
            "--rate" => r with { Rates = [word] },
            "--vram" => r with { Vram = [word] },
            "--priority" => r with { Priorities = [word] },
            _ => r with { PolicyFile = null },
        }));
        Assert.Contains(words, _run.Talk.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(_run.Policy));
    }

    [Fact]
    public async Task A_file_that_is_no_profile_and_two_profiles_of_one_model_are_wrong_usage()
    {
        Assert.Equal(ExitCode.Usage, await _run.PlanAsync([], r => r with { Profiles = [_run.Write("x.json", "{}")] }));
        Assert.Equal(ExitCode.Usage, await _run.PlanAsync([], r => r with { Profiles = [_run.At("lost.json")] }));
        Assert.Equal(ExitCode.Usage, await _run.PlanAsync([Seed[0], Seed[0]]));
        Assert.Contains("are both about recommender", _run.Talk.ToString(), StringComparison.Ordinal);
    }
}
