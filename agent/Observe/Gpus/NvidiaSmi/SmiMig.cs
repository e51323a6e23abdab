using Headroom.Model;

namespace Headroom.Observe.Gpus.NvidiaSmi;

internal static class SmiMig
{
    public static IReadOnlyList<MigInstance> Read(SmiNode gpu, GpuIdentity identity, MonoTime at) =>
        !identity.MigEnabled || gpu.Find("mig_devices") is not { } devices
            ? []
            : [.. devices.Children.Where(child => child.Name == "mig_device").Select(device => Instance(device, identity, at)).OfType<MigInstance>()];

    private static MigInstance? Instance(SmiNode device, GpuIdentity gpu, MonoTime at)
    {
        if (Id("index") is not { } index || Id("gpu_instance_id") is not { } gpuInstance)
            return null;
        var computeInstance = Id("compute_instance_id");
        // Without a UUID of its own, the name that drivers before 470 gave it.
        var uuid = SmiText.Words(device.TextOf("uuid")) ?? $"MIG-{gpu.Uuid}/{gpuInstance}/{computeInstance ?? 0}";
        return new MigInstance(index, gpuInstance, computeInstance, uuid, Slices: null, SmiMemory.Read(device, at), Gpm: null);

        int? Id(string name) => SmiText.Small(device.TextOf(name), at).Known();
    }
}
