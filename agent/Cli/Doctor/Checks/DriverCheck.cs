using Headroom.Cli.Doctor.Facts;
using Headroom.Interop.Nvml;

namespace Headroom.Cli.Doctor.Checks;

/// <summary>Is there a driver, and does it answer?</summary>
internal static class DriverCheck
{
    private const string Code = "driver";
    internal const string HungAdvice = "`dmesg | grep -i -e nvrm -e xid` tells more; a process in state D inside the driver needs a reboot";
    private const string ForContainers = "in a container: start it with --gpus all and NVIDIA_DRIVER_CAPABILITIES=utility";

    public static IEnumerable<Finding> Of(GpuFacts facts)
    {
        yield return facts.Sweep is { } sweep ? Reads(facts, sweep.Driver, sweep.Gpus.Count) : ReadsNothing(facts);
    }

    private static Finding Reads(GpuFacts facts, Model.DriverInfo driver, int gpus)
    {
        var versions = $"driver {driver.DriverVersion ?? "of unknown version"}, CUDA {driver.CudaVersion ?? "unknown"}";
        if (driver.Source == "nvidia-smi")
            return new Finding(Code, Level.Warn,
                $"{versions}: read through {facts.SmiProgram}, since {facts.Library} cannot be loaded: no use by process, no events",
                $"install the driver's libraries where the agent runs; {ForContainers}");
        if (gpus == 0)
            return new Finding(Code, Level.Warn, $"{versions}, but it sees no GPU", $"`nvidia-smi -L` must list them; {ForContainers}");
        return new Finding(Code, Level.Ok, $"{versions}, NVML {driver.NvmlVersion ?? "of unknown version"}, {Figures.Count(gpus, "GPU")}");
    }

    private static Finding ReadsNothing(GpuFacts facts) => facts switch
    {
        { Probe.LoadError: not null, Named: true } => new Finding(
            Code, Level.Fail, $"{facts.Library}, named by --nvml, cannot be loaded", "name an NVML library, or leave --nvml out to use the driver's"),
        { Probe.LoadError: not null, KernelModule: true } => new Finding(
            Code, Level.Warn, $"the kernel has the NVIDIA driver loaded, but {facts.Library} cannot be loaded and nvidia-smi is not there",
            $"install the driver's libraries of the same version; {ForContainers}"),
        { Probe.LoadError: not null } => new Finding(
            Code, Level.Warn, $"no NVIDIA driver: {facts.Library} cannot be loaded and nvidia-smi is not there; no GPU will be seen",
            $"install the NVIDIA driver, so that `nvidia-smi` lists the GPUs; {ForContainers}"),
        { Probe.Failed: { } code } => new Finding(Code, Level.Fail, facts.Error ?? $"NVML cannot be opened ({(int)code})", AdviceFor(code)),
        { Probe.StuckAt: >= 0 and var gpu } => new Finding(
            Code, Level.Fail, $"a driver call on GPU {gpu} has not come back for {Figures.Age(facts.Waited)}", HungAdvice),
        { Error: { } error } => new Finding(Code, Level.Fail, error, "`nvidia-smi` must list the GPUs; `dmesg | grep -i nvrm` tells what the driver says"),
        _ => new Finding(Code, Level.Fail, $"the driver has not answered for {Figures.Age(facts.Waited)}", HungAdvice),
    };

    private static string AdviceFor(NvmlReturn code) => code switch
    {
        NvmlReturn.LibRmVersionMismatch =>
            "the driver's package was updated while the old kernel module stayed loaded: stop what uses the GPUs and reload the module, or reboot",
        NvmlReturn.DriverNotLoaded => "load the kernel module: `modprobe nvidia`; `dmesg | grep -i nvrm` tells why it does not load",
        NvmlReturn.NoPermission => "the device files /dev/nvidia* must be open to this user; " + ForContainers,
        _ => "`nvidia-smi` must list the GPUs; `dmesg | grep -i nvrm` tells what the driver says",
    };
}
