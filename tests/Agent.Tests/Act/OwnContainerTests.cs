using Headroom.Act;

namespace Headroom.Tests.Act;

public sealed class OwnContainerTests : IDisposable
{
    private static readonly string Id = string.Concat(Enumerable.Repeat("0123456789abcdef", 4));

    private readonly DirectoryInfo _proc = Directory.CreateTempSubdirectory("headroom-proc-");

    public void Dispose() => _proc.Delete(recursive: true);

    private string? Find(string cgroup, string mounts)
    {
        var self = _proc.CreateSubdirectory("self").FullName;
        File.WriteAllText($"{self}/cgroup", cgroup);
        File.WriteAllText($"{self}/mountinfo", mounts);
        return OwnContainer.Find(_proc.FullName);
    }

    [Fact]
    public void By_its_cgroup_on_both_versions_and_drivers()
    {
        Assert.Equal(Id, Find($"12:freezer:/docker/{Id}\n", ""));
        Assert.Equal(Id, Find($"0::/system.slice/docker-{Id}.scope\n", ""));
    }

    [Fact]
    public void By_Dockers_own_mounts_where_its_cgroup_namespace_hides_it() =>
        Assert.Equal(Id, Find("0::/\n", $"100 90 8:1 /var/lib/docker/containers/{Id}/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n"));

    [Fact]
    public void On_the_host_there_is_none_though_layers_of_others_are_mounted() =>
        Assert.Null(Find("0::/system.slice/headroom.service\n", $"50 20 0:40 / /var/lib/docker/overlay2/{Id}/merged rw - overlay overlay rw\n"));
}
