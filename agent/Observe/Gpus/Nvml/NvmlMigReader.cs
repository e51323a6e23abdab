using Headroom.Interop.Nvml;
using Headroom.Model;

namespace Headroom.Observe.Gpus.Nvml;

/// <summary>The MIG devices of one split GPU. Enumerated anew at each reading: instances come and go, and their handles with them; indices are sparse.</summary>
internal sealed unsafe class NvmlMigReader(NvmlLibrary nvml, nint device) : IDisposable
{
    private readonly Dictionary<uint, NvmlGpmReader?> _gpm = [];

    public IReadOnlyList<MigInstance> Read(MonoTime at, Action<string, NvmlReturn> fatal)
    {
        uint most;
        var code = nvml.DeviceGetMaxMigDeviceCount(device, &most);
        fatal("MIG device count", code);
        if (code != NvmlReturn.Success)
            return [];
        var instances = new List<MigInstance>();
        for (var index = 0u; index < most; index++)
        {
            nint mig;
            code = nvml.DeviceGetMigDeviceHandleByIndex(device, index, &mig);
            fatal("MIG device", code);
            if (code == NvmlReturn.Success && ReadOne((int)index, mig, at) is { } instance)
                instances.Add(instance);
        }
        ForgetGone(instances);
        return instances;
    }

    private void ForgetGone(List<MigInstance> instances)
    {
        foreach (var gone in _gpm.Keys.Where(id => instances.All(i => i.GpuInstanceId != (int)id)).ToList())
        {
            _gpm[gone]?.Dispose();
            _gpm.Remove(gone);
        }
    }

    public void Dispose()
    {
        foreach (var gpm in _gpm.Values)
            gpm?.Dispose();
    }

    private MigInstance? ReadOne(int index, nint mig, MonoTime at)
    {
        const int Length = 96;
        var text = stackalloc byte[Length];
        uint gpuInstance, computeInstance;
        if (nvml.DeviceGetUUID(mig, text, Length) != NvmlReturn.Success || nvml.DeviceGetGpuInstanceId(mig, &gpuInstance) != NvmlReturn.Success)
            return null; // destroyed between the two calls
        var hasCompute = nvml.DeviceGetComputeInstanceId(mig, &computeInstance) == NvmlReturn.Success;
        NvmlDeviceAttributes attributes;
        int? slices = nvml.DeviceGetAttributes_v2(mig, &attributes) == NvmlReturn.Success ? (int)attributes.GpuSlices : null;
        var memory = new NvmlMemoryV2 { Version = NvmlMemoryV2.VersionWord };
        var code = nvml.DeviceGetMemoryInfo_v2(mig, &memory);
        var reading = code == NvmlReturn.Success
            ? Reading.Fresh(new GpuMemory((long)memory.Total, (long)memory.Reserved, (long)memory.Used, (long)memory.Free), at)
            : code.IsUnsupported() ? Reading.Unsupported<GpuMemory>(at) : Reading.Failed<GpuMemory>(at);
        // A GPU instance without a compute instance has nothing to measure.
        var gpm = hasCompute ? Gpm(gpuInstance)?.Read(at) : null;
        return new MigInstance(
            index, (int)gpuInstance, hasCompute ? (int)computeInstance : null, NvmlSession.Text(text, Length), slices, reading, gpm);
    }

    private NvmlGpmReader? Gpm(uint gpuInstance)
    {
        if (!_gpm.TryGetValue(gpuInstance, out var reader))
            _gpm[gpuInstance] = reader = NvmlGpmReader.TryCreate(nvml, device, gpuInstance);
        return reader;
    }
}
