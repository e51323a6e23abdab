using Headroom.Simulate;
using static Headroom.Tests.Simulate.Scenarios;

namespace Headroom.Tests.Simulate;

public sealed class ContentionTests
{
    [Theory]
    [InlineData(0.3, 0)]
    [InlineData(0.6, 0)]
    [InlineData(0.6, 1.5)]
    public void A_shared_server_answers_on_average_as_queueing_theory_says(double load, double workCv)
    {
        // M/G/1 processor sharing: mean response = work / (1 - load), whatever the distribution of the work.
        var world = new World(OneGpu(Server(0.05, load, workCv, concurrency: int.MaxValue)), seed: 3, Nine);

        var mean = Sojourns(world, "server", TimeSpan.FromHours(8)).Average();

        Assert.Equal(0.05 / (1 - load), mean, 0.05 * 0.05 / (1 - load));
    }

    [Fact]
    public void A_server_that_answers_one_by_one_waits_as_queueing_theory_says()
    {
        // M/D/1: mean response = work * (1 + load / (2 (1 - load))).
        var world = new World(OneGpu(Server(0.2, 0.5)), seed: 3, Nine);

        var mean = Sojourns(world, "server", TimeSpan.FromHours(24)).Average();

        Assert.Equal(0.3, mean, 0.015);
    }

    [Fact]
    public void A_hungry_neighbour_doubles_the_service_time_and_takes_the_rest()
    {
        var hour = TimeSpan.FromHours(1);
        var world = new World(OneGpu(Server(0.1, 0.2), HungryBatch()), seed: 3, Nine);
        var service = new List<double>();
        world.Completed = request => service.Add((request.Done - request.Started).TotalSeconds);

        world.Advance(hour);

        // Not at all within a request's time alone: the batch never rests.
        Assert.All(service, seconds => Assert.Equal(0.2, seconds, 1e-6));
        Assert.Equal(hour.TotalSeconds - service.Count * 0.1, world["batch"].WorkSeconds(hour), 1.0);
    }

    [Fact]
    public void The_recommender_gets_slower_while_the_batch_works_beside_it()
    {
        var alone = new World(DefaultScenario.Create(), seed: 1, Nine);
        alone.SetRunFraction("nightly-embedding", 0);
        var beside = new World(DefaultScenario.Create(), seed: 1, Nine);
        var during = new List<double>();
        var batch = beside["nightly-embedding"];
        beside.Completed = request =>
        {
            if (request.Workload == "recommender" && batch.Active)
                during.Add(request.Sojourn.TotalSeconds);
        };

        var isolated = Sojourns(alone, "recommender", TimeSpan.FromHours(2));
        beside.Advance(TimeSpan.FromHours(2));
        during.Sort();

        Assert.True(during.Count > 1_000, $"the batch worked during {during.Count} requests only");
        Assert.True(Quantile(during, .95) >= 1.5 * Quantile(isolated, .95),
            $"p95 {Quantile(during, .95):0.0000} s beside the batch, {Quantile(isolated, .95):0.0000} s alone");
    }

    [Fact]
    public void Two_runs_that_differ_in_one_lever_see_the_same_requests()
    {
        var free = new World(OneGpu(Server(0.05, 0.3, workCv: 1), HungryBatch()), seed: 9, Nine);
        var held = new World(OneGpu(Server(0.05, 0.3, workCv: 1), HungryBatch()), seed: 9, Nine);
        held.SetRunFraction("batch", 0);

        Assert.Equal(Requests(free), Requests(held));

        static List<(TimeSpan, double)> Requests(World world)
        {
            var seen = new List<(TimeSpan, double)>();
            world.Completed = request => seen.Add((request.Arrived, request.Work));
            world.Advance(TimeSpan.FromMinutes(5));
            return seen[..1_000];
        }
    }
}
