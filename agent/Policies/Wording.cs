using System.Globalization;
using System.Text;

namespace Headroom.Policies;

/// <summary>How mistakes are worded.</summary>
internal static class Wording
{
    private const int Shown = 60;

    /// <summary>In quotes, cut when long, with what cannot be seen or could play with a terminal as <c>\u00a0</c>.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, Shown)))
        {
            if (c == ' ' || !(char.IsControl(c) || char.IsWhiteSpace(c) || char.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.Surrogate))
                quoted.Append(c);
            else
                quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }
        return quoted.Append(text.Length > Shown ? "..." : "").Append('"').ToString();
    }

    /// <summary><c>a, b or c</c>.</summary>
    public static string Or(IReadOnlyCollection<string> words) => words.Count switch
    {
        0 => "",
        1 => words.First(),
        _ => $"{string.Join(", ", words.SkipLast(1))} or {words.Last()}",
    };

    /// <summary>What to write instead of a word that does not exist.</summary>
    public static string Instead(string word, IReadOnlyCollection<string> allowed) =>
        Nearest(word, allowed) is { } near ? $"did you mean {near}?"
        : allowed.Count == 0 ? "there is none" : $"write {Or(allowed)}";

    /// <summary>The allowed word that a person most likely meant; null when none is near.</summary>
    public static string? Nearest(string word, IEnumerable<string> allowed)
    {
        if (word.Length is 0 or > 64)
            return null;
        var most = word.Length switch { <= 3 => 1, <= 6 => 2, _ => 3 };
        var typed = word.ToUpperInvariant();
        return allowed
            .Where(candidate => Math.Abs(candidate.Length - word.Length) <= most)
            .Select(candidate => (Candidate: candidate, Distance: Distance(typed, candidate.ToUpperInvariant())))
            .Where(near => near.Distance <= most && near.Distance < near.Candidate.Length)
            .OrderBy(near => near.Distance)
            .Select(near => near.Candidate)
            .FirstOrDefault();
    }

    /// <summary>Edits between two words: insert, delete, replace, swap of neighbours.</summary>
    private static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            d[i, 0] = i;
        for (var j = 0; j <= b.Length; j++)
            d[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
            for (var j = 1; j <= b.Length; j++)
            {
                var same = a[i - 1] == b[j - 1] ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + same);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        return d[a.Length, b.Length];
    }
}
