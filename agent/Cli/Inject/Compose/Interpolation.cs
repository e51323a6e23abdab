using System.Text;

namespace Headroom.Cli.Inject.Compose;

/// <summary>Fills in <c>$X</c>, <c>${X}</c>, <c>${X:-default}</c> and their kin as compose does; <c>$$</c> is one dollar.</summary>
internal static class Interpolation
{
    private const int MostNested = 8;

    /// <param name="variable">Null when it is not set.</param>
    /// <returns>Null when a variable that it demands (<c>${X:?why}</c>) is missing, or it can't be read.</returns>
    public static string? Fill(string text, Func<string, string?> variable) => Fill(text, variable, MostNested);

    /// <summary>Text that compose gives back as it stands.</summary>
    public static string Literal(string text) => text.Replace("$", "$$", StringComparison.Ordinal);

    private static string? Fill(string text, Func<string, string?> variable, int depth)
    {
        var filled = new StringBuilder();
        for (var i = 0; i < text.Length;)
        {
            if (text[i] != '$')
            {
                filled.Append(text[i++]);
                continue;
            }
            var next = i + 1 < text.Length ? text[i + 1] : '\0';
            if (next == '$')
            {
                filled.Append('$');
                i += 2;
            }
            else if (next == '{')
            {
                var end = Closing(text, i + 1);
                if (end < 0 || depth == 0 || Braced(text[(i + 2)..end], variable, depth) is not { } value)
                    return null;
                filled.Append(value);
                i = end + 1;
            }
            else
            {
                var name = Name(text.AsSpan(i + 1));
                if (name.Length == 0)
                    return null;
                filled.Append(variable(name));
                i += 1 + name.Length;
            }
        }
        return filled.ToString();
    }

    // X, X-default, X:-default, X+other, X:+other, X?error, X:?error: with a colon, empty counts as not set.
    private static string? Braced(string inside, Func<string, string?> variable, int depth)
    {
        var name = Name(inside);
        var rest = inside[name.Length..];
        if (name.Length == 0)
            return null;
        var value = variable(name);
        if (rest.Length == 0)
            return value ?? "";
        var colon = rest[0] == ':';
        var set = value is not null && !(colon && value.Length == 0);
        if (colon)
            rest = rest[1..];
        return rest.Length == 0 ? null : rest[0] switch
        {
            '-' => set ? value : Fill(rest[1..], variable, depth - 1),
            '+' => set ? Fill(rest[1..], variable, depth - 1) : "",
            '?' => set ? value : null,
            _ => null,
        };
    }

    private static int Closing(string text, int open)
    {
        var depth = 0;
        for (var i = open; i < text.Length; i++)
            if (text[i] == '{')
                depth++;
            else if (text[i] == '}' && --depth == 0)
                return i;
        return -1;
    }

    private static string Name(ReadOnlySpan<char> text)
    {
        var length = 0;
        while (length < text.Length && (char.IsAsciiLetter(text[length]) || text[length] == '_' || (length > 0 && char.IsAsciiDigit(text[length]))))
            length++;
        return text[..length].ToString();
    }
}
