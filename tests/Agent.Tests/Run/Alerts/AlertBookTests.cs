using CsCheck;
using Headroom.Model;
using Headroom.Run.Alerts;

namespace Headroom.Tests.Run.Alerts;

public sealed class AlertBookTests
{
    private static readonly DateTimeOffset Start = new(2027, 1, 5, 12, 0, 0, TimeSpan.Zero);
    private static readonly Policy Policy = new()
    {
        Hash = "test",
        Alerts = [new("vip-slow", "embedders", null, 0, TimeSpan.FromMinutes(10)), new("disk-full", null, "nightly", 0.5, TimeSpan.FromMinutes(2))],
    };

    private readonly AlertBook _book = new();

    [Fact]
    public void A_firing_alert_holds_until_its_lease_runs_out_unless_it_fires_again()
    {
        Fires("vip-slow", "a", 0, at: 0);
        Fires("vip-slow", "a", 0, at: 500);

        Assert.Equal(new AlertSignal("vip-slow", At(1100)), Assert.Single(Firing(1099)));
        Assert.Empty(Firing(1100));
        Assert.Equal(0, _book.Count);
    }

    [Fact]
    public void It_ends_when_all_its_instances_have_ended()
    {
        Fires("vip-slow", "a", 0, at: 0);
        Fires("vip-slow", "b", 0, at: 1);
        Ends("vip-slow", "a", 0, at: 2);
        Assert.Equal(At(601), Assert.Single(Firing(3)).FiringUntil);

        Ends("vip-slow", "b", 0, at: 4);
        Assert.Empty(Firing(4));
    }

    [Fact]
    public void The_end_of_an_earlier_fire_does_not_end_a_later_one()
    {
        Fires("vip-slow", "a", 100, at: 100);
        Ends("vip-slow", "a", 0, at: 101);
        Assert.Single(Firing(102));

        Ends("vip-slow", "a", 100, at: 103);
        Assert.Empty(Firing(103));
    }

    [Fact]
    public void A_fire_that_its_end_overtook_starts_nothing()
    {
        Fires("vip-slow", "a", 0, at: 0);
        Ends("vip-slow", "a", 0, at: 1);
        Fires("vip-slow", "a", 0, at: 2);
        Assert.Empty(Firing(3));
    }

    [Fact]
    public void An_alert_that_was_lost_sight_of_fires_again_with_its_old_start()
    {
        Fires("vip-slow", "a", 0, at: 0);
        Ends("vip-slow", "a", 0, at: 300);
        Fires("vip-slow", "a", 0, at: 360);
        Assert.Single(Firing(361));
    }

    [Fact]
    public void An_alert_without_start_and_fingerprint_fires_and_ends()
    {
        _book.Apply(new AgentCommand.AlertFires("vip-slow", "", null), At(0), Policy);
        Assert.Single(Firing(1));
        _book.Apply(new AgentCommand.AlertEnds("vip-slow", "", null), At(2), Policy);
        Assert.Empty(Firing(2));
    }

    [Fact]
    public void A_flood_of_instances_is_bounded_and_ends_no_other_alert()
    {
        Fires("disk-full", "only", 0, at: 0);
        for (var i = 0; i < 5000; i++)
            Fires("vip-slow", $"{i}", 0, at: 1);
        Assert.InRange(_book.Count, AlertBook.Most, AlertBook.Most + Policy.Alerts.Count);
        Assert.Equal(["disk-full", "vip-slow"], Firing(2).Select(s => s.Name));

        // One more name finds its place too.
        _ = Firing(119);
        Fires("disk-full", "another", 0, at: 119);
        Assert.Equal(At(239), Firing(120).First(s => s.Name == "disk-full").FiringUntil);
    }

    [Fact]
    public void A_name_that_a_new_policy_does_not_have_no_longer_fires()
    {
        Fires("vip-slow", "a", 0, at: 0);
        Assert.Empty(_book.Firing(At(1), Policy with { Alerts = [] }));
    }

    [Fact]
    public void Whatever_comes_in_whatever_order_nothing_fires_after_the_lease_and_only_what_the_policy_names() =>
        Notifications.Sample(sent =>
        {
            var book = new AlertBook();
            var now = 0;
            foreach (var (command, after) in sent)
            {
                now += after;
                book.Apply(command, At(now), Policy);
                var firing = book.Firing(At(now), Policy);
                Assert.All(firing, signal =>
                {
                    var lease = Policy.Alerts.Single(a => a.Name == signal.Name).Lease;
                    Assert.InRange(signal.FiringUntil.SinceOrigin, At(now).SinceOrigin, (At(now) + lease).SinceOrigin);
                });
                Assert.InRange(book.Count, 0, AlertBook.Most + Policy.Alerts.Count);
            }
            Assert.Empty(book.Firing(At(now) + TimeSpan.FromMinutes(10), Policy));
            Assert.Equal(0, book.Count);
        }, iter: 10_000);

    [Fact]
    public void What_never_fired_never_holds_however_often_it_ends() =>
        Notifications.Sample(sent =>
        {
            var book = new AlertBook();
            foreach (var (command, _) in sent.Where(s => s.Command is AgentCommand.AlertEnds))
                book.Apply(command, At(0), Policy);
            Assert.Empty(book.Firing(At(0), Policy));
            Assert.Equal(0, book.Count);
        }, iter: 10_000);

    [Fact]
    public void The_same_notifications_twice_are_as_good_as_once() =>
        Notifications.Sample(sent =>
        {
            var (once, twice) = (new AlertBook(), new AlertBook());
            var now = 0;
            foreach (var (command, after) in sent)
            {
                now += after;
                once.Apply(command, At(now), Policy);
                twice.Apply(command, At(now), Policy);
                twice.Apply(command, At(now), Policy);
                Assert.Equal(once.Firing(At(now), Policy), twice.Firing(At(now), Policy));
            }
        }, iter: 10_000);

    private static readonly Gen<List<(AgentCommand Command, int After)>> Notifications =
        (from name in Gen.OneOf("vip-slow", "disk-full", "somebody-elses")
         from fingerprint in Gen.OneOf("", "a", "b")
         from start in Gen.Int[-1, 3]
         from fires in Gen.Bool
         from after in Gen.Int[0, 90]
         let at = start < 0 ? (DateTimeOffset?)null : Start.AddSeconds(start * 60)
         select ((AgentCommand)(fires ? new AgentCommand.AlertFires(name, fingerprint, at) : new AgentCommand.AlertEnds(name, fingerprint, at)), after)).List[0, 20];

    private void Fires(string name, string fingerprint, int start, int at) =>
        _book.Apply(new AgentCommand.AlertFires(name, fingerprint, Start.AddSeconds(start)), At(at), Policy);

    private void Ends(string name, string fingerprint, int start, int at) =>
        _book.Apply(new AgentCommand.AlertEnds(name, fingerprint, Start.AddSeconds(start)), At(at), Policy);

    private IReadOnlyList<AlertSignal> Firing(int at) => _book.Firing(At(at), Policy);

    private static MonoTime At(int seconds) => new(TimeSpan.FromSeconds(100_000 + seconds));
}
