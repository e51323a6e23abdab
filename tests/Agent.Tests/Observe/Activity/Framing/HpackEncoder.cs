using System.Text;
using Headroom.Observe.Activity.Framing;

namespace Headroom.Tests.Observe.Activity.Framing;

/// <summary>A client's encoder of headers that uses every form there is, as told.</summary>
internal sealed class HpackEncoder
{
    private static readonly string[] StaticNames = [":authority", ":method", "", ":path", "", ":scheme"];
    private readonly List<(string Name, string Value)> _table = [];
    private readonly List<byte> _block = [];
    private int _max = 4096;

    private static int Size((string Name, string Value) entry) => entry.Name.Length + entry.Value.Length + 32;

    /// <param name="form">Any number: it picks among the forms.</param>
    public HpackEncoder Field(string name, string value, int form)
    {
        var huffman = (form & 1) != 0;
        if (((form >> 1) & 3) != 0 && Known(name, value) is > 0 and var whole)
        {
            Integer(0x80, 7, whole);
            return this;
        }
        // Kept, not kept, never kept.
        var (pattern, bits) = ((form >> 3) & 3) switch { 0 => (0x00, 4), 1 => (0x10, 4), _ => (0x40, 6) };
        var index = ((form >> 5) & 3) switch { 0 => 0, 1 when StaticName(name) is > 0 and var at => at, _ => NameOf(name) };
        Integer(pattern, bits, index);
        if (index == 0)
            Text(name, huffman);
        Text(value, huffman);
        if (pattern == 0x40)
        {
            _table.Insert(0, (name, value));
            Evict();
        }
        return this;
    }

    public HpackEncoder Resize(int max)
    {
        _max = max;
        Evict();
        Integer(0x20, 5, max);
        return this;
    }

    public byte[] Done()
    {
        var block = _block.ToArray();
        _block.Clear();
        return block;
    }

    private int Known(string name, string value)
    {
        var fixedIndex = (name, value) switch { (":method", "GET") => 2, (":method", "POST") => 3, (":path", "/") => 4, (":scheme", "http") => 6, _ => 0 };
        return fixedIndex > 0 ? fixedIndex : _table.IndexOf((name, value)) is >= 0 and var at ? at + 62 : 0;
    }

    private int NameOf(string name) =>
        _table.FindIndex(entry => entry.Name == name) is >= 0 and var at ? at + 62 : StaticName(name);

    private static int StaticName(string name) => Array.IndexOf(StaticNames, name) + 1;

    private void Evict()
    {
        while (_table.Sum(Size) > _max)
            _table.RemoveAt(_table.Count - 1);
    }

    private void Integer(int pattern, int bits, int value)
    {
        var full = (1 << bits) - 1;
        _block.Add((byte)(pattern | Math.Min(value, full)));
        if (value < full)
            return;
        for (value -= full; value >= 0x80; value >>= 7)
            _block.Add((byte)(value & 0x7F | 0x80));
        _block.Add((byte)value);
    }

    private void Text(string text, bool huffman)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        if (huffman)
            bytes = Huffman(bytes);
        Integer(huffman ? 0x80 : 0, 7, bytes.Length);
        _block.AddRange(bytes);
    }

    public static byte[] Huffman(ReadOnlySpan<byte> text)
    {
        var codes = Codes();
        var (bits, packed) = (0, new List<byte>());
        foreach (var symbol in text)
        {
            var (code, length) = codes[symbol];
            for (var i = length - 1; i >= 0; i--, bits++)
            {
                if (bits % 8 == 0)
                    packed.Add(0xFF);
                if ((code >> i & 1) == 0)
                    packed[^1] &= (byte)~(0x80 >> bits % 8);
            }
        }
        return [.. packed];
    }

    /// <summary>By symbol, counted up as RFC 7541 lists them.</summary>
    private static (uint Code, int Length)[] Codes()
    {
        var codes = new (uint, int)[256];
        var (code, symbol, last) = (0u, 0, HpackHuffman.Lengths[0]);
        for (var i = 0; i < HpackHuffman.Lengths.Length; i++)
        {
            code <<= HpackHuffman.Lengths[i] - last;
            last = HpackHuffman.Lengths[i];
            for (var n = 0; n < HpackHuffman.Counts[i] && symbol < 256; n++)
                codes[HpackHuffman.Symbols[symbol++]] = (code++, last);
        }
        return codes;
    }
}
