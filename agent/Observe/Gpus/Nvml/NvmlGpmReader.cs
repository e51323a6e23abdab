using System.Runtime.InteropServices;
using Headroom.Interop.Nvml;
using Headroom.Model;

namespace Headroom.Observe.Gpus.Nvml;

/// <summary>GPU performance monitoring of one GPU or MIG instance: the difference of two samples, at least 100 ms apart (the driver's refresh).
/// Hopper and later.</summary>
internal sealed unsafe class NvmlGpmReader : IDisposable
{
    private const uint SmUtilization = 2, SmOccupancy = 3, AnyTensor = 5, DramBandwidth = 10, ContextSwitchActive = 174;
    private static readonly uint[] MetricIds = [SmUtilization, SmOccupancy, AnyTensor, DramBandwidth, ContextSwitchActive];
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);

    private readonly NvmlLibrary _nvml;
    private readonly nint _device;
    private readonly uint? _gpuInstance;
    // The driver writes as many metrics as asked, but the struct it knows is larger: the buffer holds the largest.
    private readonly byte* _buffer =
        (byte*)NativeMemory.AllocZeroed((nuint)(sizeof(NvmlGpmMetricsHead) + NvmlGpmMetricsHead.LargestCount * sizeof(NvmlGpmMetric)));
    private nint _before, _now;
    private MonoTime? _beforeAt;

    private NvmlGpmReader(NvmlLibrary nvml, nint device, uint? gpuInstance) => (_nvml, _device, _gpuInstance) = (nvml, device, gpuInstance);

    /// <summary>Null where the GPU or driver has no GPM.</summary>
    public static NvmlGpmReader? TryCreate(NvmlLibrary nvml, nint device, uint? gpuInstance)
    {
        var support = new NvmlGpmSupport { Version = 1 };
        if (nvml.GpmQueryDeviceSupport(device, &support) != NvmlReturn.Success || support.IsSupported == 0)
            return null;
        nint first, second;
        if (nvml.GpmSampleAlloc(&first) != NvmlReturn.Success)
            return null;
        if (nvml.GpmSampleAlloc(&second) != NvmlReturn.Success)
        {
            nvml.GpmSampleFree(first);
            return null;
        }
        return new NvmlGpmReader(nvml, device, gpuInstance) { _before = first, _now = second };
    }

    /// <summary>Null until there are two samples far enough apart.</summary>
    public GpmSample? Read(MonoTime at)
    {
        if (at - _beforeAt < Shortest)
            return null;
        var code = _gpuInstance is { } instance ? _nvml.GpmMigSampleGet(_device, instance, _now) : _nvml.GpmSampleGet(_device, _now);
        if (code != NvmlReturn.Success)
        {
            _beforeAt = null;
            return null;
        }
        var sample = _beforeAt is null ? null : Difference(at);
        (_before, _now, _beforeAt) = (_now, _before, at);
        return sample;
    }

    public void Dispose()
    {
        _nvml.GpmSampleFree(_before);
        _nvml.GpmSampleFree(_now);
        NativeMemory.Free(_buffer);
    }

    private GpmSample? Difference(MonoTime at)
    {
        var head = (NvmlGpmMetricsHead*)_buffer;
        *head = new NvmlGpmMetricsHead { Version = 1, Count = (uint)MetricIds.Length, Sample1 = _before, Sample2 = _now };
        var metrics = (NvmlGpmMetric*)(_buffer + sizeof(NvmlGpmMetricsHead));
        for (var i = 0; i < MetricIds.Length; i++)
            metrics[i] = new NvmlGpmMetric { Id = MetricIds[i] };
        if (_nvml.GpmMetricsGet(_buffer) != NvmlReturn.Success)
            return null;
        return new GpmSample
        {
            SmActive = Ratio(metrics[0], at), SmOccupancy = Ratio(metrics[1], at), TensorActive = Ratio(metrics[2], at),
            DramBandwidth = Ratio(metrics[3], at), ContextSwitch = Ratio(metrics[4], at),
        };
    }

    // NaN is the driver's "no reading" (DCGM blanks it too).
    private static Reading<double> Ratio(in NvmlGpmMetric metric, MonoTime at) => metric.Return switch
    {
        NvmlReturn.Success when double.IsFinite(metric.Value) => Reading.Fresh(Math.Clamp(metric.Value / 100, 0, 1), at),
        NvmlReturn.Success => Reading.Failed<double>(at),
        _ when metric.Return.IsUnsupported() || metric.Return == NvmlReturn.InvalidArgument => Reading.Unsupported<double>(at),
        _ => Reading.Failed<double>(at),
    };
}
