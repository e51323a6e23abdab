using Headroom.Act.Journal;
using Headroom.Model;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Act.Journal;

public sealed class BreakerTests : IDisposable
{
    private static readonly BreakerPolicy ThreeInTen = new() { Failures = 3, Within = TimeSpan.FromMinutes(10) };

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("headroom-breaker-");
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => _folder.Delete(recursive: true);

    private Breaker Breaker() => new(_folder.FullName, _time);

    [Fact]
    public void The_third_failure_within_the_time_opens_it_and_a_restart_does_not_close_it()
    {
        var breaker = Breaker();
        Assert.False(breaker.Failed("a", ThreeInTen));
        Assert.False(breaker.Failed("b", ThreeInTen));
        Assert.Null(breaker.Open);
        Assert.True(breaker.Failed("pause of chat failed", ThreeInTen));
        Assert.Contains("pause of chat failed", breaker.Open, StringComparison.Ordinal);
        Assert.Equal(breaker.Open, Breaker().Open);
    }

    [Fact]
    public void Failures_that_are_far_apart_do_not()
    {
        var breaker = Breaker();
        for (var i = 0; i < 10; i++)
        {
            Assert.False(breaker.Failed("now and then", ThreeInTen));
            _time.Advance(TimeSpan.FromMinutes(6));
        }
    }

    [Fact]
    public void Only_a_person_closes_it_and_then_it_counts_anew()
    {
        var breaker = Breaker();
        breaker.Trip("budgets.json can't be understood");
        _time.Advance(TimeSpan.FromDays(30));
        Assert.NotNull(breaker.Open);
        breaker.Reset();
        Assert.Null(breaker.Open);
        Assert.Null(Breaker().Open);
        Assert.False(breaker.Failed("a", ThreeInTen));
    }

    [Fact]
    public void A_damaged_file_keeps_it_open()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "breaker.json"), "{\"why\":");
        Assert.NotNull(Breaker().Open);
    }

    [Fact]
    public void Budgets_outlive_a_restart_and_what_is_older_than_a_week_is_forgotten()
    {
        var budgets = new Budgets(_folder.FullName, _time);
        budgets.Spend(new ImpulseRecord("chat", ImpulseKind.Restart, RuleName.Fragmentation, "k1", _time.GetUtcNow(), null));
        budgets.Judge("k1", false);
        budgets.FoundIneffective("job", Lever.Share);
        var again = new Budgets(_folder.FullName, _time);
        Assert.Equal([new ImpulseRecord("chat", ImpulseKind.Restart, RuleName.Fragmentation, "k1", _time.GetUtcNow(), false)], again.Impulses);
        Assert.Equal([new IneffectiveLever("job", Lever.Share)], again.Ineffective);
        _time.Advance(TimeSpan.FromDays(8));
        Assert.Empty(again.Ineffective);
        again.Spend(new ImpulseRecord("other", ImpulseKind.Start, RuleName.BatchWindow, "k2", _time.GetUtcNow(), null));
        Assert.Equal("k2", Assert.Single(new Budgets(_folder.FullName, _time).Impulses).Key);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{\"impulses\":[{]")]
    [InlineData("{}")]
    public void Damaged_budgets_are_kept_aside_and_told(string text)
    {
        var path = Path.Combine(_folder.FullName, "budgets.json");
        File.WriteAllText(path, text);
        var budgets = new Budgets(_folder.FullName, _time);
        Assert.NotNull(budgets.Problem);
        Assert.Equal(text, File.ReadAllText(path + ".damaged"));
    }
}
