using System.Runtime.InteropServices;

namespace Headroom.Interop.Nvml;

/// <summary>One loaded <c>libnvidia-ml</c>: a table of the exports that this driver has, null where it lacks one. Disposing unloads the library,
/// so that after a driver update the next load finds the new one (a <c>LibraryImport</c> would answer from the old for ever).</summary>
/// <remarks>The methods in NvmlLibrary.Calls.cs have nvml.h's names without the <c>nvml</c> prefix. Nothing here allocates or keeps state.</remarks>
internal sealed unsafe partial class NvmlLibrary : IDisposable
{
    /// <summary>The name that the driver package provides; the unversioned one exists only with development packages.</summary>
    public static string DefaultName { get; } = OperatingSystem.IsWindows() ? System.IO.Path.Combine(Environment.SystemDirectory, "nvml.dll") : "libnvidia-ml.so.1";

    private nint _handle;

    private NvmlLibrary(nint handle, string path)
    {
        _handle = handle;
        Path = path;
        Bind();
    }

    /// <summary>What was asked for: a path, or <see cref="DefaultName"/>.</summary>
    public string Path { get; }

    /// <summary>Early 535 drivers write 32-byte entries through the <c>_v3</c> process lists, and later ones 24 bytes: there are 32 where this
    /// export exists and <c>nvmlDeviceGetRunningProcessDetailList</c> does not (nvitop, api/libnvml.py).</summary>
    public bool ProcessEntriesAre32Bytes => Has("nvmlDeviceGetConfComputeMemSizeInfo") && !Has("nvmlDeviceGetRunningProcessDetailList");

    /// <summary>Driver 615 and later.</summary>
    public bool HasMemoryLimits => _deviceSetMemoryLimits_v1 is not null && _deviceGetMemoryLimits_v1 is not null;

    /// <summary>Loads the library. False, with the loader's reason, when there is none.</summary>
    public static bool TryLoad(string path, out NvmlLibrary? library, out string? error)
    {
        library = null;
        error = null;
        try
        {
            library = new NvmlLibrary(NativeLibrary.Load(path), path);
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            error = $"{path} cannot be loaded: is the NVIDIA driver installed, and in a container, is the capability \"utility\" given?";
            return false;
        }
    }

    private bool Has(string export) => NativeLibrary.TryGetExport(_handle, export, out _);

    private nint Find(string export) => NativeLibrary.TryGetExport(_handle, export, out var address) ? address : 0;

    public void Dispose()
    {
        if (_handle != 0)
            NativeLibrary.Free(_handle);
        _handle = 0;
    }
}
