namespace Headroom.Interop.Nvml;

/// <summary><c>nvmlReturn_t</c> of nvml.h (NVIDIA/go-nvml, header of CUDA 13.3).</summary>
internal enum NvmlReturn
{
    Success = 0,
    Uninitialized = 1,
    InvalidArgument = 2,
    NotSupported = 3,
    NoPermission = 4,
    NotFound = 6,
    InsufficientSize = 7,
    DriverNotLoaded = 9,
    Timeout = 10,
    LibraryNotFound = 12,
    /// <summary>Also our own answer for an export that this driver's library lacks.</summary>
    FunctionNotFound = 13,
    GpuIsLost = 15,
    ResetRequired = 16,
    OperatingSystem = 17,
    LibRmVersionMismatch = 18,
    NoData = 21,
    ArgumentVersionMismatch = 25,
    Deprecated = 26,
    GpuNotFound = 28,
    Unknown = 999,
}

internal static class NvmlReturnExtensions
{
    /// <summary>Asking this device again is pointless while the driver stays loaded.</summary>
    public static bool IsUnsupported(this NvmlReturn code) =>
        code is NvmlReturn.NotSupported or NvmlReturn.FunctionNotFound or NvmlReturn.Deprecated or NvmlReturn.ArgumentVersionMismatch;

    /// <summary>This GPU is gone until the library is initialised anew.</summary>
    public static bool IsGpuLost(this NvmlReturn code) => code is NvmlReturn.GpuIsLost or NvmlReturn.ResetRequired;

    /// <summary>The whole session is gone: shut down, load and initialise again.</summary>
    public static bool IsSessionLost(this NvmlReturn code) =>
        code is NvmlReturn.Uninitialized or NvmlReturn.DriverNotLoaded or NvmlReturn.LibRmVersionMismatch;
}
