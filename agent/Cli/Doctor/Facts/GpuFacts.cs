using Headroom.Interop.Nvml;
using Headroom.Model;
using Headroom.Observe.Gpus;
using Headroom.Observe.Gpus.NvidiaSmi;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.Cli.Doctor.Facts;

/// <param name="Library">The NVML library that was tried.</param>
/// <param name="Named">The user named it: nothing else was tried.</param>
/// <param name="Sweep">What the agent would see; null when it would see nothing.</param>
/// <param name="Error">Why there is no sweep; null when the driver only has not answered.</param>
/// <param name="Waited">How long was waited for it.</param>
/// <param name="Probe">What only NVML itself tells; null where readings come from elsewhere.</param>
/// <param name="SmiProgram">Path of nvidia-smi; null when it is not there.</param>
/// <param name="KernelModule">The kernel has the driver loaded.</param>
internal sealed record GpuFacts(
    string Library, bool Named, GpuSweep? Sweep, string? Error, TimeSpan Waited, NvmlProbe? Probe, string? SmiProgram, bool KernelModule)
{
    private const string ModuleFile = "/proc/driver/nvidia/version";

    public static async Task<GpuFacts> ReadAsync(DoctorOptions options, TimeProvider time, CancellationToken stop)
    {
        var library = options.NvmlLibrary ?? NvmlLibrary.DefaultName;
        var started = time.Mono();
        var source = GpuSources.Choose(options.NvmlLibrary, time, NullLoggerFactory.Instance);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        // Off this thread: ending a source waits a moment for a call that hangs.
        var running = Task.Run(() => source.RunAsync(ending.Token), CancellationToken.None);
        await Patience.WaitAsync(() => source.Latest.Attempts > 0, options.GpuPatience, time, stop);
        var (latest, waited) = (source.Latest, time.Mono() - started);
        await Patience.EndAsync(running, ending, time);
        var probe = source is NvidiaSmiGpuSource ? null : await NvmlProbe.ReadAsync(library, latest.Sample, options.ProbePatience, time, stop);
        return new GpuFacts(
            library, options.NvmlLibrary is not null, latest.Sample, latest.Error, waited, probe, NvidiaSmiGpuSource.FindProgram(), File.Exists(ModuleFile));
    }
}
