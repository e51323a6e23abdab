using Headroom.Simulate;
using static Headroom.Tests.Simulate.Scenarios;

namespace Headroom.Tests.Simulate;

public sealed class MemoryTests
{
    private const long MiB = 1L << 20;
    private const long GiB = 1L << 30;

    [Fact]
    public void The_parts_sum_to_the_card_all_day_and_never_exceed_it()
    {
        var world = new World(DefaultScenario.Create(), seed: 1, Nine);
        for (var minute = 0; minute < 24 * 60; minute++)
        {
            world.Advance(TimeSpan.FromMinutes(1));
            foreach (var gpu in world.Gpus)
            {
                var parts = gpu.Tenants.Sum(tenant => tenant.HeldBytes) + gpu.HostProcesses.Sum(process => process.UsedBytes);
                var contexts = gpu.Tenants.Count(tenant => tenant.Alive) + gpu.HostProcesses.Count;
                Assert.Equal(parts + contexts * gpu.Spec.ContextOverheadBytes, gpu.UsedBytes);
                Assert.Equal(gpu.Spec.TotalBytes, gpu.Spec.ReservedBytes + gpu.UsedBytes + gpu.FreeBytes);
                Assert.True(gpu.FreeBytes >= 0, $"{gpu.Spec.Name} is over-full after {minute} minutes");
            }
        }
    }

    [Fact]
    public void A_leak_grows_until_the_card_is_full_and_begins_anew()
    {
        var world = new World(DefaultScenario.Create(), seed: 1, Nine);
        var leaker = world["transcriber"];
        var pid = leaker.Pid;
        var (peak, before) = (0L, 0L);
        while (leaker.OutOfMemoryCount == 0 && world.Elapsed < TimeSpan.FromHours(24))
        {
            Assert.True(leaker.HeldBytes >= before, "a leak gives nothing back");
            before = leaker.HeldBytes;
            peak = Math.Max(peak, before);
            world.Advance(TimeSpan.FromSeconds(10));
        }
        world.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal(1, leaker.OutOfMemoryCount);
        Assert.True(peak > 10 * GiB, $"peak {peak / MiB} MiB");
        Assert.True(leaker.Ready && leaker.HeldBytes < 5 * GiB, $"holds {leaker.HeldBytes / MiB} MiB after its restart");
        Assert.NotEqual(pid, leaker.Pid);
        Assert.True(leaker.StartedAt > TimeSpan.Zero);
    }

    [Fact]
    public void A_capped_leaker_dies_of_its_cap_and_leaves_the_neighbours_their_memory()
    {
        var world = new World(DefaultScenario.Create(), seed: 1, Nine);
        world.SetVramCap("transcriber", 5 * GiB);
        var leaker = world["transcriber"];
        while (leaker.OutOfMemoryCount == 0 && world.Elapsed < TimeSpan.FromHours(24))
        {
            Assert.True(leaker.HeldBytes <= 5 * GiB);
            world.Advance(TimeSpan.FromSeconds(10));
        }

        Assert.Equal(1, leaker.OutOfMemoryCount);
        Assert.True(world.Gpus[1].FreeBytes > 5 * GiB);
    }

    [Fact]
    public void A_cap_below_what_is_held_frees_nothing()
    {
        var world = new World(DefaultScenario.Create(), seed: 1, Nine);
        var held = world["chat"].HeldBytes;

        world.SetVramCap("chat", GiB);
        world.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(held, world["chat"].HeldBytes);
    }

    [Fact]
    public void The_idle_floor_of_a_fragmenting_server_rises()
    {
        var world = new World(DefaultScenario.Create(), seed: 1, Nine);
        var painter = world["painter"];
        var floors = new List<long>();
        for (var hour = 0; hour < 3; hour++)
        {
            world.Advance(TimeSpan.FromHours(1));
            var floor = long.MaxValue;
            for (var second = 0; second < 600; second++)
            {
                world.Advance(TimeSpan.FromSeconds(1));
                if (painter.Server!.Running == 0)
                    floor = Math.Min(floor, painter.HeldBytes);
            }
            floors.Add(floor);
        }

        Assert.True(floors[1] > floors[0] && floors[2] >= floors[1], string.Join(", ", floors.Select(floor => $"{floor / MiB} MiB")));
        Assert.True(1 - (double)painter.AllocatedBytes / painter.ReservedBytes > 0.3, "much of what it reserves is of no use");
    }

    [Fact]
    public void An_allocator_gives_its_fragments_back_before_it_dies()
    {
        var painter = Server(0.1, 0.5) with
        {
            Memory = new MemorySpec { WeightsBytes = 30 * GiB, WorkingBytes = GiB, FragmentBytesPerRequest = 256 * MiB },
        };
        var world = new World(OneGpu(painter), seed: 1, Nine);
        var gaveBack = false;
        var before = 0L;
        for (var second = 0; second < 120; second++)
        {
            world.Advance(TimeSpan.FromSeconds(1));
            gaveBack |= world["server"].FragmentedBytes < before;
            before = world["server"].FragmentedBytes;
        }

        Assert.True(gaveBack);
        Assert.Equal(0, world["server"].OutOfMemoryCount);
    }
}
