using System.Runtime.CompilerServices;
using System.Text;

namespace Headroom.Testing.Layout;

[InlineArray(32)]
internal struct Text32
{
    private byte _first;
}

[InlineArray(80)]
internal struct Text80
{
    private byte _first;
}

[InlineArray(96)]
internal struct Text96
{
    private byte _first;
}

[InlineArray(HmMachine.MaxGpm)]
internal struct GpmMetrics
{
    private HmGpmMetric _first;
}

[InlineArray(HmMachine.MaxFieldFaults)]
internal struct FieldFaults
{
    private HmFieldFault _first;
}

[InlineArray(HmMachine.MaxMig)]
internal struct Migs
{
    private HmMig _first;
}

[InlineArray(HmMachine.MaxProcesses)]
internal struct Processes
{
    private HmProcess _first;
}

[InlineArray(HmMachine.MaxEvents)]
internal struct Events
{
    private HmEvent _first;
}

[InlineArray(HmMachine.MaxNvmlCalls * HmMachine.Slots)]
internal struct CallCounts
{
    private ulong _first;
}

[InlineArray(HmMachine.MaxNvmlCalls * HmMachine.Slots)]
internal struct Faults
{
    private HmFault _first;
}

[InlineArray(HmMachine.MaxGpus)]
internal struct Gpus
{
    private HmGpu _first;
}

/// <summary>Text in C: UTF-8, ended by a zero.</summary>
internal static class CText
{
    public static string Read(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    public static void Write(Span<byte> bytes, string text)
    {
        var encoded = Encoding.UTF8.GetBytes(text);
        if (encoded.Length >= bytes.Length)
            throw new ArgumentException($"'{text}' has {encoded.Length} bytes, the field holds {bytes.Length - 1}.", nameof(text));
        bytes.Clear();
        encoded.CopyTo(bytes);
    }
}
