using System.Buffers.Binary;

namespace Headroom.Observe.Latency;

/// <summary>Walks the labels of one sample, in any order, with the blanks and trailing commas that servers write. Allocates nothing.</summary>
internal ref struct LabelReader(ReadOnlySpan<byte> labels)
{
    private ReadOnlySpan<byte> _rest = labels;

    public ReadOnlySpan<byte> Name { get; private set; }
    /// <summary>As written: backslash escapes not yet undone.</summary>
    public ReadOnlySpan<byte> RawValue { get; private set; }
    /// <summary>It ended because the text is no label list.</summary>
    public bool Bad { get; private set; }

    public bool Next()
    {
        _rest = _rest.TrimStart(" \t,"u8);
        if (_rest.IsEmpty)
            return false;
        Bad = !TryNext();
        return !Bad;
    }

    private bool TryNext()
    {
        if (_rest[0] == '"')
        {
            // Prometheus 3 quotes names outside the old alphabet.
            var end = ClosingQuote(_rest);
            if (end < 0)
                return false;
            Name = _rest[1..end];
            _rest = _rest[(end + 1)..].TrimStart(" \t"u8);
            if (_rest.IsEmpty || _rest[0] != '=')
                return false;
            _rest = _rest[1..];
        }
        else
        {
            var equals = _rest.IndexOf((byte)'=');
            if (equals <= 0)
                return false;
            Name = _rest[..equals].TrimEnd(" \t"u8);
            _rest = _rest[(equals + 1)..];
        }
        _rest = _rest.TrimStart(" \t"u8);
        if (_rest.IsEmpty || _rest[0] != '"' || ClosingQuote(_rest) is not (> 0 and var close))
            return false;
        RawValue = _rest[1..close];
        _rest = _rest[(close + 1)..];
        return true;
    }

    /// <summary>Whether the value, escapes undone, is this text.</summary>
    public readonly bool ValueIs(ReadOnlySpan<byte> text)
    {
        if (RawValue.IndexOf((byte)'\\') < 0)
            return RawValue.SequenceEqual(text);
        var at = 0;
        for (var i = 0; i < RawValue.Length; i++, at++)
        {
            var b = RawValue[i];
            if (b == '\\' && i + 1 < RawValue.Length)
                b = RawValue[++i] is (byte)'n' ? (byte)'\n' : RawValue[i];
            if (at >= text.Length || text[at] != b)
                return false;
        }
        return at == text.Length;
    }

    /// <summary>Of name and value; the sum over a series' labels names the series whatever their order.</summary>
    public readonly ulong Hash() => Hash(RawValue, Hash(Name, 0x243F6A8885A308D3) | 1);

    /// <summary>Index of the quote that ends the quoted text at the start; -1 when there is none.</summary>
    public static int ClosingQuote(ReadOnlySpan<byte> quoted)
    {
        for (var i = 1; i < quoted.Length; i++)
        {
            var next = quoted[i..].IndexOfAny((byte)'"', (byte)'\\');
            if (next < 0)
                return -1;
            i += next;
            if (quoted[i] == '"')
                return i;
            i++;
        }
        return -1;
    }

    private static ulong Hash(ReadOnlySpan<byte> text, ulong seed)
    {
        var hash = seed ^ (uint)text.Length;
        for (; text.Length >= 8; text = text[8..])
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(text));
        ulong tail = 0;
        foreach (var b in text)
            tail = tail << 8 | b;
        return Mix(hash ^ tail);
    }

    private static ulong Mix(ulong x)
    {
        x *= 0xBF58476D1CE4E5B9;
        return x ^ x >> 32;
    }
}
