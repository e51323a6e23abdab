using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Headroom.Policies.Yaml;

/// <summary>Bytes -> text, refusing what is no text or what people cannot see in it.</summary>
internal static class YamlText
{
    private static readonly SearchValues<char> Suspects = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Where(c => c is not ('\n' or '\r')).Select(c => (char)c),
         .. Enumerable.Range(0x7f, 0x21).Select(c => (char)c), '\u2028', '\u2029', '\ufeff']);

    /// <summary>The text, or null after telling why not.</summary>
    public static string? Decode(PolicyFile file, YamlKind kind, Problems problems)
    {
        var bytes = file.Content.Span;
        if (bytes.Length > PolicyFile.MaxBytes)
        {
            problems.Add(new(file.Path, 1, 1), $"larger than 1 MiB: not {kind.Name}");
            return null;
        }
        if (bytes.StartsWith("\ufeff"u8))
            bytes = bytes[3..];
        if (!Utf8.IsValid(bytes))
        {
            problems.Add(FirstBadByte(file.Path, bytes), "not UTF-8 text; save the file as UTF-8");
            return null;
        }
        var text = Encoding.UTF8.GetString(bytes);
        return kind.AllYaml || HasOnlyVisible(file.Path, text, problems) ? text : null;
    }

    private static Place FirstBadByte(string path, ReadOnlySpan<byte> bytes)
    {
        int line = 1, column = 1;
        while (Rune.DecodeFromUtf8(bytes, out var rune, out var length) == OperationStatus.Done)
        {
            bytes = bytes[length..];
            column = rune.Value == '\n' ? 1 : column + 1;
            line += rune.Value == '\n' ? 1 : 0;
        }
        return new(path, line, column);
    }

    private static bool HasOnlyVisible(string path, string text, Problems problems)
    {
        if (!text.AsSpan().ContainsAny(Suspects))
            return true;
        var before = problems.Count;
        var number = 0;
        // Not EnumerateLines: it takes U+2028 for the end of a line, editors do not.
        foreach (var range in text.AsSpan().Split('\n'))
        {
            number++;
            var line = text.AsSpan(range);
            var column = line.IndexOfAny(Suspects);
            while (column >= 0 && line[column] == '\t' && InComment(line, column))
            {
                var next = line[(column + 1)..].IndexOfAny(Suspects);
                column = next < 0 ? -1 : column + 1 + next;
            }
            if (column < 0)
                continue;
            problems.Add(new(path, number, column + 1), line[column] == '\t'
                ? "a tab; YAML wants spaces"
                : string.Create(CultureInfo.InvariantCulture, $"the invisible character U+{(int)line[column]:X4}; remove it"));
            if (problems.Full)
                break;
        }
        return problems.Count == before;
    }

    /// <summary>Tabs do no harm there. A <c>#</c> inside quotes is taken for a comment too; the parser then judges the tab.</summary>
    private static bool InComment(ReadOnlySpan<char> line, int column)
    {
        for (var i = 0; i < column; i++)
            if (line[i] == '#' && (i == 0 || line[i - 1] is ' ' or '\t'))
                return true;
        return false;
    }
}
