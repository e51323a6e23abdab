using Headroom.Model;
using Headroom.Simulate;
using static Headroom.Tests.Scenarios.Situation;

namespace Headroom.Tests.Scenarios;

/// <summary>A nightly job whose window is on Berlin's clock. It is down when the night begins, if not said otherwise.</summary>
public sealed class NightlyBatchTests
{
    private const string Policy = """
        apiVersion: headroom/v1
        mode: enforce
        workloads:
          - name: nightly
            match: { container: nightly }
            priority: batch
            window: { name: night, outside: pause, start: oncePerWindow }
        windows:
          night: { WHEN, timeZone: Europe/Berlin }
        """;

    private static WorkloadSpec Job(double minutes) => new()
    {
        Name = "nightly",
        Gpu = 0,
        Container = new ContainerSpec { Image = "registry.example.com/nightly", RestartPolicy = "no" },
        Memory = new MemorySpec { WeightsBytes = 4 * GiB },
        Job = new JobSpec(minutes * 60),
    };

    /// <param name="evening">Local time with its offset at which the trial starts.</param>
    private static (Story Story, List<string> Runs) Night(string evening, string when, double minutes, int hours, Action<World, TimeSpan>? meanwhile = null)
    {
        var start = DateTimeOffset.Parse(evening, System.Globalization.CultureInfo.InvariantCulture);
        var story = new Situation(Policy.Replace("WHEN", when, StringComparison.Ordinal), Job(minutes))
        {
            StartsAt = start,
            // It came down yesterday.
            Meanwhile = meanwhile ?? ((world, at) =>
            {
                if (at == TimeSpan.Zero)
                    world.Stop("nightly");
            }),
        }.Run(TimeSpan.FromHours(hours));
        var zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
        var runs = new List<string>();
        var before = false;
        foreach (var tick in story.Ticks)
        {
            var runsNow = tick.Workloads["nightly"] is { Alive: true, RunFraction: > 0 };
            var local = TimeZoneInfo.ConvertTime(start + tick.At, zone);
            if (runsNow && !before)
                runs.Add($"{local:MM-dd HH:mm zzz} -");
            else if (before && !runsNow)
                runs[^1] += $" {local:HH:mm zzz}";
            before = runsNow;
        }
        return (story, runs);
    }

    [Fact]
    public void It_waits_outside_and_runs_once_in_its_window()
    {
        var (story, runs) = Night("2027-01-05T00:30+01:00", """from: "01:00", to: "03:00" """, minutes: 30, hours: 3);
        Assert.Equal(["01-05 01:00 +01:00 - 01:30 +01:00"], runs);
        Assert.Equal("night@2027-01-05T01:00+01:00", Assert.Single(story.Impulses).Key);
    }

    [Fact]
    public void A_window_that_opens_again_is_another_and_it_runs_once_in_each()
    {
        var (story, runs) = Night("2027-01-05T00:30+01:00", """cron: "0 1,3 * * *", duration: 1h""", minutes: 20, hours: 4);
        Assert.Equal(["01-05 01:00 +01:00 - 01:20 +01:00", "01-05 03:00 +01:00 - 03:20 +01:00"], runs);
        Assert.Equal(["night@2027-01-05T01:00+01:00", "night@2027-01-05T03:00+01:00"], story.Impulses.Select(impulse => impulse.Key));
    }

    [Fact]
    public void One_that_somebody_started_in_the_evening_stands_still_until_the_window_opens_and_then_this_night_has_its_own_run()
    {
        var (story, runs) = Night("2027-01-05T00:30+01:00", """from: "01:00", to: "03:00" """, minutes: 30, hours: 3, meanwhile: (_, _) => { });
        // It had run for ten minutes when Headroom came: twenty are left of it, then thirty of this night's.
        Assert.Equal(["01-05 01:00 +01:00 - 01:50 +01:00"], runs);
        Assert.Single(story.Impulses);
    }

    [Fact]
    public void On_the_night_that_has_no_half_past_two_it_runs_once_when_the_clock_has_jumped()
    {
        var (story, runs) = Night("2027-03-28T01:30+01:00", """from: "02:30", to: "05:00" """, minutes: 30, hours: 3);
        Assert.Equal(["03-28 03:00 +02:00 - 03:30 +02:00"], runs);
        Assert.Single(story.Impulses);
    }

    [Fact]
    public void On_the_night_that_has_two_o_clock_twice_it_runs_once()
    {
        var (story, runs) = Night("2027-10-31T01:30+02:00", """from: "02:00", to: "03:00" """, minutes: 30, hours: 3);
        Assert.Equal(["10-31 02:00 +02:00 - 02:30 +02:00"], runs);
        Assert.Single(story.Impulses);
    }

    [Fact]
    public void On_that_night_a_long_job_waits_while_the_window_is_closed_between_the_two()
    {
        var (story, runs) = Night("2027-10-31T00:30+02:00", """from: "01:00", to: "02:30" """, minutes: 110, hours: 4);
        Assert.Equal(["10-31 01:00 +02:00 - 02:30 +02:00", "10-31 02:00 +01:00 - 02:20 +01:00"], runs);
        Assert.Single(story.Impulses);
    }
}
