using Headroom.Act.Caps;
using Headroom.Model;

namespace Headroom.Tests.Act.Caps;

internal static class CapTargets
{
    public static readonly string Id = new('c', 64);
    public static readonly DateTimeOffset Started = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static CapTarget Of(
        string uuid, int gpu = 0, bool mig = false, ContainerState state = ContainerState.Running, int pid = 77,
        Dictionary<string, string>? environment = null, Dictionary<string, string>? binds = null, DateTimeOffset? started = null) => new(
        new ContainerSample
        {
            Id = new WorkloadId("chat", Id, started ?? Started), ContainerName = "chat", Image = "i", State = state, Pid = pid,
            Environment = environment ?? [], Binds = binds ?? [],
        },
        new GpuIdentity(gpu, uuid, "H100", null, null, null, mig));
}
