using CsCheck;
using Headroom.Observe.Workloads;

namespace Headroom.Tests.Observe.Workloads;

public sealed class WorkloadNamesTests
{
    [Fact]
    public void A_compose_service_gives_its_name_and_replicas_their_number() =>
        Assert.Equal(["chat", "chat-2", "chat-3"], Names(Replica("p", "chat", 1), Replica("p", "chat", 2), Replica("p", "chat", 3)));

    [Fact]
    public void Services_of_two_projects_that_collide_are_told_with_their_project() =>
        Assert.Equal(["dev/chat", "prod/chat", "prod/chat-2", "vision"],
            Names(Replica("dev", "chat", 1), Replica("prod", "chat", 1), Replica("prod", "chat", 2), Replica("prod", "vision", 1)));

    [Fact]
    public void A_plain_container_gives_its_own_name() => Assert.Equal(["notebook"], Names(Plain("notebook")));

    [Fact]
    public void A_container_called_like_a_service_does_not_take_its_name() =>
        Assert.Equal(["chat", "chat-" + Id("chat")[..12]], Names(Replica("p", "chat", 1), Plain("chat")));

    [Fact]
    public void While_compose_replaces_a_container_the_new_one_has_the_name()
    {
        var old = Replica("p", "chat", 1) with { InstanceId = Id("old"), ContainerName = "0a1b_p-chat-1", Runs = false, StartedAt = At(1) };
        var now = Replica("p", "chat", 1) with { StartedAt = At(2) };
        Assert.Equal("chat", WorkloadNames.Assign([old, now])[now.InstanceId]);
        Assert.Equal("0a1b_p-chat-1", WorkloadNames.Assign([old, now])[old.InstanceId]);
    }

    [Fact]
    public void A_one_off_run_of_a_service_is_no_replica()
    {
        var run = Replica("p", "chat", 1) with { InstanceId = Id("run"), ContainerName = "p-chat-run-1", OneOff = true };
        Assert.Equal(["chat", "p-chat-run-1"], Names(Replica("p", "chat", 1), run));
    }

    [Fact]
    public void No_two_containers_share_a_name_and_the_order_of_the_list_does_not_matter()
    {
        var container =
            from project in Gen.Int[0, 2].Select(i => new string?[] { "a", "b", null }[i])
            from service in Gen.Int[0, 3].Select(i => new string?[] { "x", "y", "a/x", null }[i])
            from number in Gen.Int[1, 3]
            from name in Gen.Int[0, 4].Select(i => new[] { "x", "y", "a/x", "x-2", "z" }[i])
            from runs in Gen.Bool
            from at in Gen.Int[0, 3]
            select new NameSource("", name, project, service, number, false, runs, At(at));
        container.Array[0, 12].Sample(list =>
        {
            var sources = list.Select((c, i) => c with { InstanceId = Id(i.ToString(System.Globalization.CultureInfo.InvariantCulture)) }).ToList();
            var names = WorkloadNames.Assign(sources);
            Assert.Equal(sources.Count, names.Values.Distinct().Count());
            var reversed = WorkloadNames.Assign([.. Enumerable.Reverse(sources)]);
            Assert.All(names, n => Assert.Equal(n.Value, reversed[n.Key]));
        }, iter: 20_000);
    }

    private static IEnumerable<string> Names(params NameSource[] containers) => WorkloadNames.Assign(containers).Values.Order(StringComparer.Ordinal);

    private static NameSource Replica(string project, string service, int number) =>
        new(Id($"{project}{service}{number}"), $"{project}-{service}-{number}", project, service, number, false, true, At(0));

    private static NameSource Plain(string name) => new(Id(name), name, null, null, null, false, true, At(0));

    private static DateTimeOffset At(int minute) => new(2026, 1, 1, 0, minute, 0, TimeSpan.Zero);

    private static string Id(string seed) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(seed)));
}
