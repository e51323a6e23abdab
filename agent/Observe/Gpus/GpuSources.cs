using Headroom.Interop.Nvml;
using Headroom.Model;
using Headroom.Observe.Gpus.Nvml;
using Headroom.Observe.Gpus.NvidiaSmi;
using Microsoft.Extensions.Logging;

namespace Headroom.Observe.Gpus;

/// <summary>NVML, or nvidia-smi where the library cannot be loaded and the program is there; in a build for Windows with NVAPI, NVML and NVAPI.</summary>
internal static class GpuSources
{
    /// <param name="library">A library instead of the driver's; then nothing else is tried.</param>
    public static IGpuSource Choose(string? library, TimeProvider time, ILoggerFactory log)
    {
        var options = library is null ? new GpuSourceOptions() : new GpuSourceOptions { Library = library };
        if (library is null && !CanLoad(options.Library) && NvidiaSmiGpuSource.FindProgram() is { } program)
            return new NvidiaSmiGpuSource(program, time, log.CreateLogger<NvidiaSmiGpuSource>());
#if NVAPI
        if (library is null)
            return new NvApi.MergedGpuSource(
                new NvmlGpuSource(options, time, log.CreateLogger<NvmlGpuSource>()), new NvApi.Wrapper.NvApiGpuSource(time, log.CreateLogger<NvApi.Wrapper.NvApiGpuSource>()), time);
#endif
        // Without either it goes on asking: the driver may be installed, or loaded, later.
        return new NvmlGpuSource(options, time, log.CreateLogger<NvmlGpuSource>());
    }

    private static bool CanLoad(string library)
    {
        var loaded = NvmlLibrary.TryLoad(library, out var nvml, out _);
        nvml?.Dispose();
        return loaded;
    }
}
