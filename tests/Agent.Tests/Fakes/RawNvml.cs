using System.Runtime.InteropServices;
using Headroom.Testing;

namespace Headroom.Tests.Fakes;

/// <summary>Calls the double through its exports and reads its structs at the offsets of nvml.h, sharing nothing with the product's binding.</summary>
internal sealed unsafe class RawNvml : IDisposable
{
    private readonly nint _library;

    private RawNvml(string path) => _library = NativeLibrary.Load(path);

    public static RawNvml Load(FakeMachine machine) => new(machine.LibraryPath);

    /// <summary>Loaded and initialised.</summary>
    public static RawNvml Open(FakeMachine machine)
    {
        var nvml = Load(machine);
        Assert.Equal(Nvml.Success, nvml.Call("nvmlInit_v2"));
        return nvml;
    }

    public bool Has(string export) => NativeLibrary.TryGetExport(_library, export, out _);

    /// <summary>Every argument of NVML travels in an integer register, so one shape calls them all.</summary>
    public int Call(string export, nint a = 0, nint b = 0, nint c = 0, nint d = 0) =>
        ((delegate* unmanaged<nint, nint, nint, nint, int>)NativeLibrary.GetExport(_library, export))(a, b, c, d);

    public string Text(string export)
    {
        var get = (delegate* unmanaged<nint>)NativeLibrary.GetExport(_library, export);
        return Marshal.PtrToStringUTF8(get())!;
    }

    public string ErrorString(int code) =>
        Marshal.PtrToStringUTF8(((delegate* unmanaged<int, nint>)NativeLibrary.GetExport(_library, "nvmlErrorString"))(code))!;

    public nint Device(int index)
    {
        using var handle = new Native(8);
        Assert.Equal(Nvml.Success, Call("nvmlDeviceGetHandleByIndex_v2", index, handle));
        return handle.Pointer(0);
    }

    /// <summary>A getter of one 32-bit number; fails unless it succeeds.</summary>
    public uint Gauge(string export, nint device, params nint[] arguments)
    {
        using var value = new Native(8);
        var code = arguments.Length == 0 ? Call(export, device, value) : Call(export, device, arguments[0], value);
        Assert.Equal((export, Nvml.Success), (export, code));
        return value.U32(0);
    }

    public ulong Gauge64(string export, nint device)
    {
        using var value = new Native(8);
        Assert.Equal((export, Nvml.Success), (export, Call(export, device, value)));
        return value.U64(0);
    }

    public int GaugeCode(string export, nint device)
    {
        using var value = new Native(64);
        return Call(export, device, value);
    }

    public string DriverVersion() => String("nvmlSystemGetDriverVersion", null);

    public string String(string export, nint? device)
    {
        using var text = new Native(96);
        var code = device is { } handle ? Call(export, handle, text, 96) : Call(export, text, 96);
        Assert.Equal((export, Nvml.Success), (export, code));
        return text.Text();
    }

    /// <summary>A process list read into room for 64, as the bytes lie.</summary>
    public (int Code, int Count, Native Entries) Processes(string export, nint device, int capacity = 64)
    {
        using var count = new Native(4);
        count.Set(0, (uint)capacity);
        var entries = new Native(64 * 32);
        var code = Call(export, device, count, entries);
        return (code, (int)count.U32(0), entries);
    }

    public void Dispose()
    {
        while (Call("nvmlShutdown") == Nvml.Success)
        {
        }

        NativeLibrary.Free(_library);
    }
}

internal static class Nvml
{
    public const int Success = 0;
    public const int Uninitialized = 1;
    public const int InvalidArgument = 2;
    public const int NotSupported = 3;
    public const int NoPermission = 4;
    public const int NotFound = 6;
    public const int InsufficientSize = 7;
    public const int DriverNotLoaded = 9;
    public const int Timeout = 10;
    public const int GpuIsLost = 15;
    public const int VersionMismatch = 18;
    public const int ArgumentVersionMismatch = 25;
    public const int Unknown = 999;
}

/// <summary>Zeroed native memory, read and written by offset.</summary>
internal sealed unsafe class Native(int size) : IDisposable
{
    private byte* _start = (byte*)NativeMemory.AllocZeroed((nuint)size);

    public static implicit operator nint(Native memory) => (nint)memory._start;

    public static nint operator +(Native memory, int offset) => (nint)memory.At(offset, 1);

    public uint U32(int offset) => *(uint*)At(offset, 4);
    public int I32(int offset) => *(int*)At(offset, 4);
    public ulong U64(int offset) => *(ulong*)At(offset, 8);
    public double F64(int offset) => *(double*)At(offset, 8);
    public nint Pointer(int offset) => *(nint*)At(offset, 8);
    public string Text(int offset = 0) => Marshal.PtrToStringUTF8((nint)At(offset, 1))!;

    public Native Set(int offset, uint value)
    {
        *(uint*)At(offset, 4) = value;
        return this;
    }

    public Native Set(int offset, ulong value)
    {
        *(ulong*)At(offset, 8) = value;
        return this;
    }

    public Native Set(int offset, nint value) => Set(offset, (ulong)value);

    public void Dispose()
    {
        NativeMemory.Free(_start);
        _start = null;
    }

    private byte* At(int offset, int length)
    {
        ObjectDisposedException.ThrowIf(_start is null, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + length, size);
        return _start + offset;
    }
}
