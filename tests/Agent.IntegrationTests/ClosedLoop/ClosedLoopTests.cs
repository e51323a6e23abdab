using Headroom.IntegrationTests.SharedCore;
using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests.ClosedLoop;

/// <summary>Scenario 2 on real containers: what batch work does to a server without Headroom, and with it.</summary>
[Collection(nameof(Node))]
public sealed partial class ClosedLoopTests(DockerDaemon docker, ClosedLoopFigures figures) : IClassFixture<ClosedLoopFigures>
{
    /// <summary>Two of them leave the server less than 1 % of the core.</summary>
    private const int CrushingWeight = 65536;

    public static IEnumerable<TheoryDataRow<int>> Burners() => ClosedLoopFigures.Whole ? [1, 3] : [3];

    [Theory]
    [MemberData(nameof(Burners))]
    public void Unmanaged_batch_work_at_least_doubles_the_p95_of_the_server_beside_it(int burners)
    {
        _ = figures.IsolatedP95;
        using var rig = new ClosedLoopRig(docker);
        rig.StartBurners(burners);

        var from = CoreMeter.Now;
        var requests = rig.Load(TimeSpan.FromSeconds(ClosedLoopFigures.Whole ? 60 : 8), seed: 2);

        figures.Add($"unmanaged, {burners} of batch", requests, rig.Meter.Share(rig.Burners, from, CoreMeter.Now));
        Assert.True(requests.P95 >= 2 * figures.IsolatedP95, $"p95 {requests.P95:0.000} s beside {burners}, {figures.IsolatedP95:0.000} s alone");
    }

    [Fact]
    public void Unmanaged_batch_work_of_great_weight_starves_the_server_outright()
    {
        _ = figures.IsolatedP95;
        using var rig = new ClosedLoopRig(docker);
        rig.StartBurners(2, CrushingWeight);

        var from = CoreMeter.Now;
        using var load = rig.StartLoad(TimeSpan.FromSeconds(5), seed: 2);
        var requests = load.WaitForEnd(TimeSpan.FromSeconds(30));

        figures.Add("unmanaged, starved", requests, rig.Meter.Share(rig.Burners, from, CoreMeter.Now));
        Assert.True(requests.Answered <= 3, $"{requests.Answered} of {requests.Count} requests were answered");
    }
}
