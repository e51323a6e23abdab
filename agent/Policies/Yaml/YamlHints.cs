namespace Headroom.Policies.Yaml;

/// <summary>YamlDotNet's complaints are written for those who write parsers; these words are for those who write policies.</summary>
internal static class YamlHints
{
    private static readonly (string Complaint, string Hint)[] Known =
    [
        ("anchor or alias", "a value that begins with * or & must stand in quotes"),
        ("invalid mapping", "a second \": \" in one value; put the value in quotes, or the key on a line of its own"),
        ("cannot start any token", "a value that begins with this character must stand in quotes"),
        ("unknown escape character", "an unknown \\ escape; write the text in single quotes"),
        ("quoted scalar", "the quote that begins here does not end"),
        ("expected ','", "a comma or closing bracket is missing before this"),
        ("expected '-' indicator", "this does not belong to the list above; check its indentation"),
        ("expected key", "no key is possible here; check indentation, brackets and quotes"),
        ("simple key", "a key without \": \" behind it; check indentation, brackets and quotes"),
    ];

    public const string Unknown = "check brackets, quotes and indentation up to here";

    public static string For(string message)
    {
        foreach (var (complaint, hint) in Known)
            if (message.Contains(complaint, StringComparison.Ordinal))
                return hint;
        return Unknown;
    }
}
