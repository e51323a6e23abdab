using System.Buffers.Binary;
using System.Text;

namespace Headroom.Observe.Latency;

/// <summary>The sample names that are wanted, in a table made for one question asked on every line: is this one of them?
/// Most are not, and three words of the name tell.</summary>
internal sealed class SampleNames
{
    private readonly byte[][] _names;
    private readonly int[] _table;
    private readonly int _mask;

    /// <param name="names">Distinct; <see cref="Find"/> gives their index.</param>
    public SampleNames(IReadOnlyList<string> names)
    {
        _names = [.. names.Select(Encoding.UTF8.GetBytes)];
        _mask = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(4 * names.Count + 1)) - 1;
        _table = new int[_mask + 1];
        for (var i = 0; i < _names.Length; i++)
        {
            var at = Hash(_names[i]) & _mask;
            while (_table[at] != 0)
                at = (at + 1) & _mask;
            _table[at] = i + 1;
        }
    }

    /// <summary>The index of the name; -1 when it is not wanted.</summary>
    public int Find(ReadOnlySpan<byte> name)
    {
        for (var at = Hash(name) & _mask; _table[at] != 0; at = (at + 1) & _mask)
        {
            var index = _table[at] - 1;
            if (name.SequenceEqual(_names[index]))
                return index;
        }
        return -1;
    }

    /// <summary>Of the length and the first, middle and last eight bytes: names of one server begin and end alike.</summary>
    private static int Hash(ReadOnlySpan<byte> name)
    {
        ulong hash = (uint)name.Length;
        if (name.Length >= 8)
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(name)) * 0x9E3779B97F4A7C15;
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(name[((name.Length - 8) / 2)..])) * 0x9E3779B97F4A7C15;
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(name[^8..])) * 0x9E3779B97F4A7C15;
        }
        else
        {
            foreach (var b in name)
                hash = (hash ^ b) * 0x9E3779B97F4A7C15;
        }
        return (int)(hash >> 33);
    }
}
