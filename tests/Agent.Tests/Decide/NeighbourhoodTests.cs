using Headroom.Decide;
using Headroom.Model;
using Headroom.Tests.Support;

namespace Headroom.Tests.Decide;

public sealed class NeighbourhoodTests
{
    private readonly TestNode _node = new();
    private readonly TestWorkload _job;

    public NeighbourhoodTests()
    {
        _node.Cards[1] = 80L << 30;
        _job = _node.Add("job", Priority.Batch, 0, 1);
    }

    [Fact]
    public void A_job_on_two_cards_stays_one_while_one_of_them_does_not_tell()
    {
        var before = new Neighbourhood(_node.Snapshot(), new Dictionary<string, IReadOnlyList<int>>());
        var dark = _node.Snapshot();
        dark = dark with { Attribution = [.. dark.Attribution.Where(a => a.Gpu == 0)] };
        Assert.Equal([0, 1], new Neighbourhood(dark, before.GpusByWorkload).GpusOf("job"));
    }

    [Fact]
    public void Whoever_stopped_stands_where_it_stood_and_whoever_runs_elsewhere_has_left()
    {
        var before = new Neighbourhood(_node.Snapshot(), new Dictionary<string, IReadOnlyList<int>>());
        _job.State = ContainerState.Exited;
        Assert.Equal([0, 1], new Neighbourhood(_node.Snapshot(), before.GpusByWorkload).GpusOf("job"));
        _job.State = ContainerState.Running;
        _job.Gpus = [1];
        Assert.Equal([1], new Neighbourhood(_node.Snapshot(), before.GpusByWorkload).GpusOf("job"));
    }
}
