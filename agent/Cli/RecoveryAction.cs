namespace Headroom.Cli;

/// <summary>The driver's advice for a sick GPU: values of NVML field 230 (nvml.h, <c>nvmlDeviceGpuRecoveryAction_t</c>).</summary>
internal static class RecoveryAction
{
    public static string Words(int action) => action switch
    {
        0 => "nothing",
        1 => "a reset of the GPU",
        2 => "a reboot of the node",
        3 => "draining peer-to-peer traffic",
        4 => "draining the GPU, then a reset",
        5 => "recovering IMEX",
        _ => $"action {action}",
    };
}
