using Headroom.Act.Freezing;

namespace Headroom.Tests.Act.Freezing;

public sealed class FreezerLocatorTests : IDisposable
{
    private static readonly string Id = new('a', 64);

    private readonly string _root = Directory.CreateTempSubdirectory("headroom-locator-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private FreezerPlace Find(string cgroup, string[] mounts, params string[] files)
    {
        Directory.CreateDirectory($"{_root}/proc/77");
        Directory.CreateDirectory($"{_root}/proc/self");
        File.WriteAllText($"{_root}/proc/77/cgroup", cgroup);
        File.WriteAllLines($"{_root}/proc/self/mountinfo", mounts.Select((m, i) => $"{30 + i} 25 0:{26 + i} {m.Replace("@", _root, StringComparison.Ordinal)}"));
        foreach (var file in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName($"{_root}{file}")!);
            File.WriteAllText($"{_root}{file}", "0\n");
        }
        return new FreezerLocator($"{_root}/proc").Find(77, Id, "g");
    }

    private static readonly string[] Both = ["/ @/freezer rw,relatime shared:9 - cgroup cgroup rw,freezer", "/ @/unified rw,relatime - cgroup2 cgroup2 rw"];

    [Fact]
    public void Systemd_names_a_scope_on_version_2()
    {
        var place = Find($"0::/system.slice/docker-{Id}.scope\n", ["/ @/cg rw shared:4 - cgroup2 cgroup2 rw,nsdelegate"], $"/cg/system.slice/docker-{Id}.scope/cgroup.freeze");
        Assert.Null(place.Error);
        Assert.Equal(new FreezeTarget(Id, $"{_root}/cg/system.slice/docker-{Id}.scope", true, "g"), place.Target);
    }

    [Fact]
    public void A_machine_with_both_uses_version_1_where_that_knows_the_container()
    {
        string[] files = [$"/freezer/docker/{Id}/freezer.state", $"/unified/docker/{Id}/cgroup.freeze"];
        Assert.Equal($"{_root}/freezer/docker/{Id}", Find($"7:freezer:/docker/{Id}\n0::/docker/{Id}\n", Both, files).Target?.Folder);
        Assert.Equal($"{_root}/unified/docker/{Id}", Find($"7:freezer:/\n0::/docker/{Id}\n", Both, files).Target?.Folder);
    }

    [Fact]
    public void A_cgroup_that_the_container_made_itself_is_not_mistaken_for_its_own() =>
        Assert.Equal($"{_root}/unified/docker/{Id}", Find($"0::/docker/{Id}/init.scope\n", Both, $"/unified/docker/{Id}/cgroup.freeze").Target?.Folder);

    [Fact]
    public void A_mount_of_a_part_reaches_what_is_below_it_and_says_so_of_the_rest()
    {
        string[] mounts = ["/docker @/my\\040part rw - cgroup cgroup rw,freezer"];
        Assert.Equal($"{_root}/my part/{Id}", Find($"7:freezer:/docker/{Id}\n", mounts, $"/my part/{Id}/freezer.state").Target?.Folder);
        Assert.Contains("not mounted where the agent could reach", Find($"7:freezer:/else/{Id}\n", mounts).Error, StringComparison.Ordinal);
        Assert.Contains("--cgroupns=host", Find($"7:freezer:/../{Id}\n", mounts).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_is_in_no_container_gets_no_freezer()
    {
        Assert.Contains("does not name it", Find("7:freezer:/\n0::/user.slice\n", Both).Error, StringComparison.Ordinal);
        Assert.Contains("does not exist", Find($"0::/docker/{Id}\n", Both).Error, StringComparison.Ordinal);
        Assert.Contains("ended", new FreezerLocator($"{_root}/proc").Find(78, Id).Error, StringComparison.Ordinal);
        Assert.Contains("full id", new FreezerLocator($"{_root}/proc").Find(77, Id[..12]).Error, StringComparison.Ordinal);
    }
}
