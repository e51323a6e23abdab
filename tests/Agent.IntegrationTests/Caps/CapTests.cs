using Headroom.IntegrationTests.Support;
using Headroom.Pages;
using Headroom.Testing;

namespace Headroom.IntegrationTests.Caps;

/// <summary>Caps on real containers: the real agent, the preload library, and doubles of CUDA and NVML that share one machine.</summary>
[Collection(nameof(OtherPatientNode))]
public sealed class CapTests(DockerDaemon docker)
{
    private static readonly string[] Paths = ["plain", "pitch", "managed", "async", "pool", "vmm", "array", "array3d", "mipmap", "graph"];

    private static string Fixed(IEnumerable<string> services, int mib) => $$"""
        vram: { strategy: fixed, reserve: 1GiB }
        limits: { maxHeld: 100% }
        rules: { vramCaps: { every: 100ms }, runawayMemory: off }
        workloads:
        {{string.Join('\n', services.Select(s => $"  - {{ name: {s}, match: {{ composeService: {s} }}, priority: batch, vram: {{ cap: {mib}MiB }} }}"))}}
        """;

    [Fact]
    public void A_greedy_program_stops_exactly_at_its_cap_on_every_path_and_goes_on_when_the_cap_is_raised()
    {
        using var node = new CapsNode(docker);
        node.Policy(Fixed(Paths, 1024));
        foreach (var path in Paths)
            node.Run(path, $"exec greedy --path {path} --mib 64 --hold 600");
        using var guard = node.StartGuard();
        node.Start();
        // A container is capped from its first call: the page says so before the agent has seen it use CUDA.
        foreach (var path in Paths)
            node.Until(() => InitialCap(node, path) == 1024ul << 20);
        foreach (var path in Paths)
            node.Go(path);
        foreach (var path in Paths)
            node.Until(() => node.Said(path, $"stopped at {Full(path)} MiB: CUDA_ERROR_OUT_OF_MEMORY"), path);
        // Managed memory is nowhere until it is touched.
        foreach (var path in Paths.Where(p => p != "managed"))
            node.Until(() => Math.Floor(node.Metric($"headroom_workload_gpu_memory_used_bytes{{workload=\"{path}\",gpu=\"0\"}}") / (1 << 20) ?? 0) == Full(path), path);
        foreach (var path in Paths)
            node.Until(() => node.CapMiB(path) == 1024, path);

        node.Policy(Fixed(Paths, 1152));
        foreach (var path in Paths)
            node.Until(() => node.CapMiB(path) == 1152, path);
        foreach (var path in Paths)
        {
            node.Signal(path, "USR1");
            node.Until(() => node.Said(path, $"allocated {(path == "mipmap" ? 1087 : 1088)} MiB"), path);
        }
    }

    /// <summary>MiB. A chain of mipmaps is a little smaller than what was asked: one more does not fit.</summary>
    private static int Full(string path) => path == "mipmap" ? 1023 : 1024;

    [Fact]
    public void Two_processes_of_a_container_share_its_cap_and_a_killed_ones_bytes_come_back()
    {
        using var node = new CapsNode(docker);
        node.Policy(Fixed(["pair"], 1024));
        node.Run("pair", "greedy --path plain --mib 64 --most 512 --hold 600 & while [ ! -e /go/second ]; do usleep 20000; done; exec greedy --path vmm --mib 64 --hold 600");
        using var guard = node.StartGuard();
        node.Start();
        node.Until(() => InitialCap(node, "pair") == 1024ul << 20);
        node.Go("pair");
        node.Until(() => node.Said("pair", "stopped at 512 MiB: it has what it wants"));
        node.Go("pair", "second");
        node.Until(() => node.Said("pair", "stopped at 512 MiB: CUDA_ERROR_OUT_OF_MEMORY"));
        node.Until(() => Booked(node, "plain") == 512 && Booked(node, "virtual") == 512 && Held(node) == 1024);

        Shell.Run("kill", "-9", $"{docker.Pids("pair")[1]}");
        node.Until(() => Booked(node, "plain") == 0 && Booked(node, "virtual") == 512 && Held(node) == 512);
        var before = node.Lines("pair").Length;
        node.Signal("pair", "USR1");
        node.Until(() => node.Lines("pair").Skip(before).Any(l => l.StartsWith("allocated", StringComparison.Ordinal)));
    }

    [Fact]
    public void What_nothing_can_cap_is_only_watched_and_that_is_said()
    {
        using var node = new CapsNode(docker);
        string[] services = ["bare", "cleared"];
        node.Policy(Fixed(services, 1024));
        node.Run("bare", "exec greedy --path plain --mib 64 --most 2048 --hold 600", injected: false);
        node.Run("cleared", "LD_PRELOAD= exec greedy --path plain --mib 64 --most 2048 --hold 600");
        using var guard = node.StartGuard();
        node.Start();
        foreach (var service in services)
        {
            node.Go(service);
            node.Until(() => node.Said(service, "stopped at 2048 MiB: it has what it wants"), service);
            node.Until(() => node.Metric($"headroom_workload_cap_backend_info{{workload=\"{service}\",gpu=\"0\",backend=\"watch\"") == 1, service);
        }
        Assert.Null(node.CapMiB("bare"));
    }

    [Fact]
    public void A_container_sees_its_own_page_and_no_other()
    {
        using var node = new CapsNode(docker);
        node.Run("one", "sleep 600");
        node.Run("two", "sleep 600");
        Assert.Equal("page", docker.Docker("exec", "-e", "LD_PRELOAD=", "one", "ls", "/run/headroom"));
        Assert.NotEqual(new FileInfo(node.PageOf("one")).FullName, new FileInfo(node.PageOf("two")).FullName);
        File.WriteAllText($"{node.State}/pages/secret", "x");
        Assert.NotEqual(0, Shell.Try("docker", ["-H", docker.Socket, "exec", "one", "cat", "/run/headroom/../secret"]).ExitCode);
    }

    [Fact]
    public void A_cap_outlives_the_agent_and_is_set_anew_when_the_container_lifts_it_itself()
    {
        using var node = new CapsNode(docker);
        using var guard = StartCappedJob(node);

        node.KillAgent();
        Assert.Equal(1024ul << 20, Cap(node, "job"));
        SetCap(node, "job", PageLayout.CapNone);
        node.Start();
        node.Until(() => Cap(node, "job") == 1024ul << 20);
        node.Until(() => node.Metric("headroom_hold_active{workload=\"job\",lever=\"cap\"") == 1);

        // The plan wants none any more.
        node.Policy("rules: { vramCaps: off }");
        node.Until(() => Cap(node, "job") == PageLayout.CapNone);
        node.Signal("job", "USR1");
        node.Until(() => node.Said("job", "allocated 1088 MiB"));
    }

    /// <summary>MiB by the books of the pair's processes.</summary>
    private static double? Booked(CapsNode node, string kind) => node.Metric($"headroom_workload_gpu_booked_bytes{{workload=\"pair\",gpu=\"0\",kind=\"{kind}\"}}") / (1 << 20);

    /// <summary>MiB by the driver.</summary>
    private static double? Held(CapsNode node) => node.Metric("headroom_workload_gpu_memory_used_bytes{workload=\"pair\",gpu=\"0\"}") / (1 << 20);

    [Fact]
    public void A_container_that_starts_again_while_the_agent_is_away_has_no_part_in_the_cap_of_its_life_before()
    {
        using var node = new CapsNode(docker);
        using var guard = StartCappedJob(node);
        node.KillAgent();

        // As a cap that followed use would have left it: a model that loads anew would die of it each time.
        SetCap(node, "job", 512 << 20);
        docker.Docker("restart", "-t", "0", "job");
        node.Until(() => node.Lines("job").Count(l => l.StartsWith("stopped at 1024 MiB", StringComparison.Ordinal)) == 2);
    }

    /// <summary>Agent, guard, and a greedy job that its cap of 1 GiB has stopped.</summary>
    private static RunningProgram StartCappedJob(CapsNode node)
    {
        node.Policy(Fixed(["job"], 1024));
        node.Run("job", "exec greedy --path plain --mib 64 --hold 600");
        var guard = node.StartGuard();
        node.Start();
        node.Until(() => InitialCap(node, "job") == 1024ul << 20);
        node.Go("job");
        node.Until(() => node.CapMiB("job") == 1024);
        return guard;
    }

    private static ulong InitialCap(CapsNode node, string service)
    {
        using var file = File.OpenRead(node.PageOf(service));
        file.Position = PageLayout.Initial + 8;
        Span<byte> word = stackalloc byte[8];
        file.ReadExactly(word);
        return BitConverter.ToUInt64(word);
    }

    private static ulong Cap(CapsNode node, string service)
    {
        using var page = PageFile.TryOpen(node.PageOf(service), out _)!;
        return page.Read().Single().Gpus[0].Cap;
    }

    private static void SetCap(CapsNode node, string service, ulong cap)
    {
        using var page = PageFile.TryOpen(node.PageOf(service), out _)!;
        var replica = page.Read().Single();
        page.SetCap(replica, replica.Gpus[0], cap);
    }
}
