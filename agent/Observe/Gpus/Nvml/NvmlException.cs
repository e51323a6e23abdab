using Headroom.Interop.Nvml;

namespace Headroom.Observe.Gpus.Nvml;

/// <summary>A code that ends more than one call: the GPU is lost, or the session is. Single failed readings never throw.</summary>
internal sealed class NvmlException(string what, NvmlReturn code, string words) : Exception($"{what}: {words} (NVML {(int)code})")
{
    public NvmlReturn Code { get; } = code;
}
