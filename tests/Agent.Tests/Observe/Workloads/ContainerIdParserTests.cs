using Headroom.Observe.Workloads;

namespace Headroom.Tests.Observe.Workloads;

public sealed class ContainerIdParserTests
{
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string Inner = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

    [Theory]
    [InlineData("cgroup v1, cgroupfs driver", "12:freezer:/docker/" + Id + "\n11:cpu,cpuacct:/docker/" + Id + "\n")]
    [InlineData("cgroup v1, systemd driver", "5:memory:/system.slice/docker-" + Id + ".scope\n")]
    [InlineData("cgroup v2, cgroupfs driver", "0::/docker/" + Id + "\n")]
    [InlineData("cgroup v2, systemd driver", "0::/system.slice/docker-" + Id + ".scope\n")]
    [InlineData("own slice by --cgroup-parent", "0::/gpu.slice/docker-" + Id + ".scope")]
    [InlineData("rootless", "0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" + Id + ".scope")]
    [InlineData("private cgroup namespace of the agent", "0::/../docker-" + Id + ".scope")]
    [InlineData("a child that systemd in the container moved", "0::/docker/" + Id + "/system.slice/worker.service\n")]
    [InlineData("a child cgroup named by hand", "0::/system.slice/docker-" + Id + ".scope/worker-3\n")]
    [InlineData("Docker in Docker: the host's container", "0::/docker/" + Id + "/docker/" + Inner + "\n")]
    [InlineData("hybrid: only some hierarchies moved", "3:devices:/\n2:freezer:/docker/" + Id + "\n1:name=systemd:/docker/" + Id + "\n0::/\n")]
    [InlineData("containerd", "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/cri-containerd-" + Id + ".scope")]
    [InlineData("containerd with cgroupfs", "4:memory:/kubepods/burstable/pod0f0f0f0f/" + Id)]
    [InlineData("containerd, no scope", "0::/kubelet.slice/kubelet-kubepods-pod1.slice:cri-containerd:" + Id)]
    [InlineData("podman", "0::/machine.slice/libpod-" + Id + ".scope/container")]
    [InlineData("CRI-O", "0::/kubepods.slice/crio-" + Id + ".scope")]
    public void Finds_the_container(string situation, string cgroup) => Assert.True(Id == ContainerIdParser.Parse(cgroup), situation);

    [Theory]
    [InlineData("")]
    [InlineData("0::/\n")]
    [InlineData("0::/init.scope\n")]
    [InlineData("0::/user.slice/user-1000.slice/session-3.scope\n")]
    [InlineData("0::/system.slice/nvidia-persistenced.service\n")]
    [InlineData("0::/docker/0123456789abcdef\n")] // too short
    [InlineData("0::/docker/g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n")] // not hex
    [InlineData("garbage without colons")]
    public void Finds_none_in_a_process_of_the_host(string cgroup) => Assert.Null(ContainerIdParser.Parse(cgroup));
}
