namespace Headroom.Observe.Activity.Framing;

/// <summary>What a block of headers asks for.</summary>
internal enum HpackSays
{
    Request,
    /// <summary>A look: health or metrics.</summary>
    Look,
    /// <summary>No request begins: trailers.</summary>
    Nothing,
}

/// <summary>Header blocks of a client (RFC 7541), just to tell requests from looks. What it can't tell is a request.</summary>
internal sealed class HpackDecoder(QuietPaths quiet)
{
    // Far more than encoders use (4 KiB); it bounds what one connection may cost here.
    private const int MaxTable = 64 << 10;
    private const int StaticCount = 61;
    private readonly HpackTable _table = new();
    private byte[] _text = new byte[256];
    private bool _blind;
    private bool _gaveUp;
    private HpackField _method;
    private HpackField _path;
    private bool _unknown;

    /// <summary>Lengths of the names of the static table (RFC 7541, appendix A), from 1.</summary>
    private static ReadOnlySpan<byte> StaticNames =>
    [
        10, 7, 7, 5, 5, 7, 7, 7, 7, 7, 7, 7, 7, 7, 14, 15, 15, 13, 6, 27, 3, 5, 13, 13, 19, 16, 16, 14, 16, 13, 12,
        6, 4, 4, 6, 7, 4, 4, 8, 17, 13, 8, 19, 13, 4, 8, 12, 18, 19, 5, 7, 7, 11, 6, 10, 25, 17, 10, 4, 3, 16,
    ];

    public HpackTable Table => _table;

    public void Begin()
    {
        _table.Clear();
        _table.Resize(HpackTable.DefaultMax);
        _blind = _gaveUp = false;
    }

    /// <summary>Blocks were missed. Entries are counted from the newest, so those that come from now on are still known where they are referred to;
    /// all others are unknown.</summary>
    public void Forget()
    {
        _table.Clear();
        _blind = true;
        _gaveUp = false;
    }

    public HpackSays Decode(ReadOnlySpan<byte> block)
    {
        if (_gaveUp)
            return HpackSays.Request;
        (_method, _path, _unknown) = (HpackField.Other, HpackField.Other, false);
        var input = new HpackInput(block);
        while (!input.AtEnd)
        {
            // Blocks can't be read one by one after an error: each changes the table.
            if (Field(ref input))
                continue;
            _gaveUp = true;
            return HpackSays.Request;
        }
        if (_path == HpackField.LookCall && _method == HpackField.Post || _path == HpackField.Look && _method == HpackField.Get)
            return HpackSays.Look;
        return _path == HpackField.Other && _method == HpackField.Other && !_unknown ? HpackSays.Nothing : HpackSays.Request;
    }

    private bool Field(ref HpackInput input)
    {
        var first = input.Peek;
        if (first >= 0x80)
        {
            if (!input.Integer(7, out var index) || !Find(index, out var entry))
                return false;
            Note(entry.Field);
            return true;
        }
        if (first >> 5 == 1)
            return input.Integer(5, out var max) && Resize(max);
        return Literal(ref input, keep: first >= 0x40);
    }

    private bool Resize(int max)
    {
        _blind |= max > MaxTable;
        _table.Resize(Math.Min(max, MaxTable));
        return true;
    }

    private bool Literal(ref HpackInput input, bool keep)
    {
        if (!input.Integer(keep ? 6 : 4, out var index))
            return false;
        HpackEntry name;
        if (index == 0)
        {
            if (!Text(ref input, out var text))
                return false;
            var field = text.SequenceEqual(":path"u8) ? HpackField.Path : text.SequenceEqual(":method"u8) ? HpackField.OtherMethod : HpackField.Other;
            name = new HpackEntry(field, text.Length, 0);
        }
        else if (!Find(index, out name))
        {
            return false;
        }
        if (!keep && name.Field == HpackField.Other)
            return input.Text(out _, out _);
        if (!Text(ref input, out var value))
            return false;
        var says = Says(name.Field, value);
        Note(says);
        if (keep)
            _table.Add(says, name.Name, value.Length);
        return true;
    }

    /// <summary>In the static table, else in the dynamic one.</summary>
    private bool Find(int index, out HpackEntry entry)
    {
        entry = default;
        if (index == 0)
            return false;
        if (index <= StaticCount)
        {
            entry = new HpackEntry(Static(index), StaticNames[index - 1], 0);
            return true;
        }
        index -= StaticCount + 1;
        if (index >= _table.Count)
            return _blind;
        entry = _table[index];
        return true;
    }

    private HpackField Static(int index) => index switch
    {
        2 => HpackField.Get,
        3 => HpackField.Post,
        4 => SaysPath("/"u8),
        5 => SaysPath("/index.html"u8),
        _ => HpackField.Other,
    };

    private HpackField Says(HpackField name, ReadOnlySpan<byte> value) => name switch
    {
        HpackField.Unknown or HpackField.Other => name,
        HpackField.Path or HpackField.Look or HpackField.LookCall => SaysPath(value),
        _ => value.SequenceEqual("GET"u8) || value.SequenceEqual("HEAD"u8) ? HpackField.Get : value.SequenceEqual("POST"u8) ? HpackField.Post : HpackField.OtherMethod,
    };

    // gRPC is always posted, where a plain path that is posted is work.
    private HpackField SaysPath(ReadOnlySpan<byte> path) =>
        quiet.HasPage(path) ? HpackField.Look : QuietPaths.HasCall(path) ? HpackField.LookCall : HpackField.Path;

    private void Note(HpackField field)
    {
        if (field == HpackField.Unknown)
            _unknown = true;
        else if (field >= HpackField.Path)
            _path = field;
        else if (field != HpackField.Other)
            _method = field;
    }

    private bool Text(ref HpackInput input, out ReadOnlySpan<byte> text)
    {
        if (!input.Text(out text, out var huffman))
            return false;
        if (!huffman)
            return true;
        var room = HpackHuffman.MaxDecoded(text.Length);
        if (room > _text.Length)
            _text = new byte[Math.Max(room, _text.Length * 2)];
        var length = HpackHuffman.Decode(text, _text);
        text = _text.AsSpan(0, Math.Max(length, 0));
        return length >= 0;
    }
}
