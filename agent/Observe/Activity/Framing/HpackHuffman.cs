namespace Headroom.Observe.Activity.Framing;

/// <summary>The Huffman code of RFC 7541, appendix B. It is canonical (codes count up by length, then by symbol), so symbols in that order and how many
/// there are of each length say all of it.</summary>
internal static class HpackHuffman
{
    public static ReadOnlySpan<byte> Lengths => [5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 30];

    /// <summary>Of each length. The last of all is the end of string, which is never sent.</summary>
    public static ReadOnlySpan<byte> Counts => [10, 26, 32, 6, 5, 3, 2, 6, 2, 3, 3, 8, 13, 26, 29, 12, 4, 15, 19, 29, 4];

    public static ReadOnlySpan<byte> Symbols =>
    [
        48, 49, 50, 97, 99, 101, 105, 111, 115, 116,
        32, 37, 45, 46, 47, 51, 52, 53, 54, 55, 56, 57, 61, 65, 95, 98, 100, 102, 103, 104, 108, 109, 110, 112, 114, 117,
        58, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 89, 106, 107, 113, 118, 119, 120, 121, 122,
        38, 42, 44, 59, 88, 90,
        33, 34, 40, 41, 63,
        39, 43, 124,
        35, 62,
        0, 36, 64, 91, 93, 126,
        94, 125,
        60, 96, 123,
        92, 195, 208,
        128, 130, 131, 162, 184, 194, 224, 226,
        153, 161, 167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230,
        129, 132, 133, 134, 136, 146, 154, 156, 160, 163, 164, 169, 170, 173, 178, 181, 185, 186, 187, 189, 190, 196, 198, 228, 232, 233,
        1, 135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157, 158, 165, 166, 168, 174, 175, 180, 182, 183, 188, 191, 197, 231, 239,
        9, 142, 144, 145, 148, 159, 171, 206, 215, 225, 236, 237,
        199, 207, 234, 235,
        192, 193, 200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255,
        203, 204, 211, 212, 214, 221, 222, 223, 241, 244, 245, 246, 247, 248, 250, 251, 252, 253, 254,
        2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127, 220, 249,
        10, 13, 22,
    ];

    /// <summary>No code is shorter than 5 bits.</summary>
    public static int MaxDecoded(int encoded) => encoded * 8 / 5;

    /// <param name="to">Of <see cref="MaxDecoded"/> bytes or more.</param>
    /// <returns>How many were written; -1: malformed.</returns>
    public static int Decode(ReadOnlySpan<byte> from, Span<byte> to)
    {
        var (window, bits, read, written) = (0UL, 0, 0, 0);
        while (true)
        {
            for (; bits <= 56 && read < from.Length; bits += 8)
                window |= (ulong)from[read++] << (56 - bits);
            var (symbol, length) = Next((uint)(window >> 32));
            if (length > bits)
                // The rest is padding: less than a byte, all ones.
                return bits < 8 && window >> (63 - bits) == (1UL << (bits + 1)) - 2 ? written : -1;
            if (symbol == Symbols.Length)
                return -1;
            to[written++] = Symbols[symbol];
            window <<= length;
            bits -= length;
        }
    }

    /// <summary>With codes moved to the left end of a word, those of one length follow those of the length before without a hole.</summary>
    private static (int Symbol, int Length) Next(uint code)
    {
        var (first, symbol) = (0u, 0);
        for (var i = 0; ; i++)
        {
            int length = Lengths[i], count = Counts[i];
            var of = (code - first) >> (32 - length);
            if (of < count)
                return (symbol + (int)of, length);
            first += (uint)count << (32 - length);
            symbol += count;
        }
    }
}
