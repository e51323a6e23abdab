using System.Buffers.Text;
using System.Text;

namespace Headroom.Observe.Activity.Framing;

/// <summary>What a head says of its body; all other fields are skipped.</summary>
internal struct Http1Head
{
    /// <summary>Null: not told.</summary>
    public long? Length { get; private set; }
    public bool Chunked { get; private set; }
    /// <summary>The client waits for 100 before it sends the body.</summary>
    public bool Expects { get; private set; }
    /// <summary>Lengths that can't be, or two: where the message ends is not known.</summary>
    public bool Bad { get; private set; }

    public void Field(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');
        if (colon < 0)
            return;
        var value = line[(colon + 1)..].Trim(" \t"u8);
        if (colon == 14 && Ascii.EqualsIgnoreCase(line[..colon], "content-length"u8))
        {
            Bad |= !Utf8Parser.TryParse(value, out long length, out var read) || read != value.Length || length < 0 || Length is { } other && other != length;
            Length = length;
        }
        else if (colon == 17 && Ascii.EqualsIgnoreCase(line[..colon], "transfer-encoding"u8))
            Chunked = value.Length >= 7 && Ascii.EqualsIgnoreCase(value[^7..], "chunked"u8);
        else if (colon == 6 && Ascii.EqualsIgnoreCase(line[..colon], "expect"u8))
            Expects = Ascii.EqualsIgnoreCase(value, "100-continue"u8);
    }
}
