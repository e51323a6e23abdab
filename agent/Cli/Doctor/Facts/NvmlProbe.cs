using Headroom.Interop.Nvml;
using Headroom.Model;
using Headroom.Observe.Gpus.Nvml;

namespace Headroom.Cli.Doctor.Facts;

/// <summary>What NVML tells a doctor and no sweep carries.</summary>
/// <param name="LoadError">Why the library could not be loaded; null when it could.</param>
/// <param name="Failed">What opening answered when it failed; null when it did not.</param>
/// <param name="StuckAt">GPU whose call had not come back when patience ended, <see cref="NvmlCall.Opening"/> before the first; null when all came back.</param>
internal sealed record NvmlProbe(string? LoadError, NvmlReturn? Failed, IReadOnlyList<NvmlDeviceProbe> Devices, int? StuckAt)
{
    /// <summary>Asks on a thread of its own: a call into a sick driver may never come back.</summary>
    /// <param name="seen">What a sweep saw just before: GPUs that hang are not asked again.</param>
    public static async Task<NvmlProbe> ReadAsync(string library, GpuSweep? seen, TimeSpan patience, TimeProvider time, CancellationToken stop)
    {
        var hung = (seen?.Gpus ?? []).Where(g => g.Health == GpuHealth.Hung).ToDictionary(g => g.Index, g => g.Identity);
        var asking = NvmlCall.Opening;
        var done = new TaskCompletionSource<NvmlProbe>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                done.SetResult(Read(library, hung, gpu => Volatile.Write(ref asking, gpu)));
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        })
        { IsBackground = true, Name = "nvml-probe" };
        thread.Start();
        try
        {
            return await done.Task.WaitAsync(patience, time, stop);
        }
        catch (TimeoutException)
        {
            return new NvmlProbe(null, null, [], Volatile.Read(ref asking));
        }
    }

    private static NvmlProbe Read(string library, IReadOnlyDictionary<int, GpuIdentity> hung, Action<int> entering)
    {
        try
        {
            using var session = NvmlSession.Open(library, hung, entering);
            var devices = new List<NvmlDeviceProbe>();
            foreach (var device in session.Devices.Where(d => d.Handle != 0))
            {
                entering(device.Index);
                devices.Add(NvmlDeviceProbe.Read(session.Nvml, device));
            }
            return new NvmlProbe(null, null, devices, null);
        }
        catch (DllNotFoundException e)
        {
            return new NvmlProbe(e.Message, null, [], null);
        }
        catch (NvmlException e)
        {
            return new NvmlProbe(null, e.Code, [], null);
        }
    }
}

/// <param name="Persistence">The driver keeps the GPU awake while nobody uses it; null when it does not tell.</param>
/// <param name="Processes">What asking for the process list answers.</param>
/// <param name="HasGpm">Performance monitoring: Hopper and later.</param>
internal sealed record NvmlDeviceProbe(int Gpu, bool? Persistence, NvmlReturn Processes, bool HasGpm)
{
    public static unsafe NvmlDeviceProbe Read(NvmlLibrary nvml, NvmlDevice device)
    {
        int mode;
        bool? persistence = nvml.DeviceGetPersistenceMode(device.Handle, &mode) == NvmlReturn.Success ? mode != 0 : null;
        // With room for none it answers "too small" where there are some: all that is wanted is whether it would tell.
        var count = 0u;
        var processes = nvml.DeviceGetComputeRunningProcesses_v3(device.Handle, &count, null);
        if (processes == NvmlReturn.FunctionNotFound)
            processes = nvml.DeviceGetComputeRunningProcesses_v2(device.Handle, &count, null);
        var support = new NvmlGpmSupport { Version = 1 };
        var gpm = nvml.GpmQueryDeviceSupport(device.Handle, &support) == NvmlReturn.Success && support.IsSupported != 0;
        return new NvmlDeviceProbe(device.Index, persistence, processes == NvmlReturn.InsufficientSize ? NvmlReturn.Success : processes, gpm);
    }
}
