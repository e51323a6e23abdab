using System.Globalization;
using System.Text.Json;
using Headroom.IntegrationTests.SharedCore;
using Headroom.IntegrationTests.Support;
using Headroom.Profiling;
using Headroom.Tests.Profiling;

namespace Headroom.IntegrationTests.CpuLab;

/// <summary>The program profiles the lab's server, whose service time is known, in a real container. Asserted loosely; <c>tests/cpu-lab/profile.sh</c> measures longer and shows how near it comes.</summary>
[Collection(nameof(Node))]
public sealed class ProfileTests(DockerDaemon docker)
{
    // Of the worker alone, in a container that nobody else uses.
    private const int WorkMilliseconds = 20;

    [Fact]
    public void A_container_of_known_service_time_gets_that_profile()
    {
        var budget = Environment.GetEnvironmentVariable("HEADROOM_PROFILE_BUDGET") ?? "40s";
        using var rig = new SharedCoreRig(docker, WorkMilliseconds);
        var folder = Directory.CreateTempSubdirectory("headroom-profile-").FullName;
        File.WriteAllText($"{folder}/r.http", "GET /generate\n");
        var profile = RunningAgent.RunHeadroom([
            "profile", SharedCoreRig.Server, "--port", $"{SharedCoreRig.Port}", "--request", $"{folder}/r.http", "--budget", budget, "--json", "--output", folder, .. rig.AgentOptions[..4]]);
        Assert.True(profile.ExitCode == 0, profile.Errors);

        var report = ProfileJson.Read(profile.Output);
        Directory.Delete(folder, recursive: true);
        var known = OneWorker.Knee(WorkMilliseconds / 1000.0, report.Knee!.P95Seconds);
        var row = string.Create(CultureInfo.InvariantCulture,
            $"| {budget} | {WorkMilliseconds} ms | {report.Unloaded!.P50 * 1000:0.0} ms | {1000.0 / WorkMilliseconds:0} /s | {report.Knee.CapacityPerSecond:0.0} /s | {known:0.0} /s | {report.Knee.RequestsPerSecond:0.0} /s ({report.Knee.RequestsPerSecond / known:0.00}) |");
        if (Environment.GetEnvironmentVariable("HEADROOM_TABLE") is { Length: > 0 } table)
            File.AppendAllText(table, row + "\n");
        Assert.True(report.Unloaded.P50 is > 0.0195 and < 0.024, row);
        Assert.True(report.Knee.CapacityPerSecond is > 42 and < 52, row);
        Assert.True(report.Knee.RequestsPerSecond / known is > 0.6 and < 1.5, row);
        Assert.Equal(16L << 30, Assert.Single(report.Vram).PeakBytes);
        Assert.Equal(SharedCoreRig.Server, report.Proposal.Match!.Value);
    }
}
