using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace Headroom.Act.Journal;

/// <summary>One record as a line: CRC-32C in eight hex digits, a space, JSON. People can read it, and a torn or rotten line gives itself away.</summary>
internal static class JournalLine
{
    private const int Sum = 8;

    public static byte[] Write(JournalRecord record)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(record, JournalJson.Default.JournalRecord);
        var line = new byte[Sum + 1 + json.Length + 1];
        Encoding.ASCII.GetBytes(Crc(json).ToString("x8", CultureInfo.InvariantCulture), line);
        line[Sum] = (byte)' ';
        json.CopyTo(line.AsSpan(Sum + 1));
        line[^1] = (byte)'\n';
        return line;
    }

    /// <summary>Null for a line that is not whole.</summary>
    /// <param name="line">Without its line feed.</param>
    public static JournalRecord? Read(ReadOnlySpan<byte> line)
    {
        if (line.Length < Sum + 2 || line[Sum] != ' ' || !uint.TryParse(line[..Sum], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var sum))
            return null;
        var json = line[(Sum + 1)..];
        if (Crc(json) != sum)
            return null;
        try
        {
            return JsonSerializer.Deserialize(json, JournalJson.Default.JournalRecord);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}
