using System.Globalization;
using System.Text;

namespace Headroom.Export.Notify;

/// <summary>Text of others in a message: a container may be called anything.</summary>
internal static class PlainText
{
    /// <summary>One line: line breaks and what can't be seen or turns the writing direction become blanks.</summary>
    public static string Line(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            line.Append(Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse ? " " : rune.ToString());
        return line.ToString().Trim();
    }

    /// <summary>Nobody is called by it, and no tag begins: <c>@</c>, <c>&lt;</c> and <c>&gt;</c> in their wide forms, which look the same to people and are plain characters to every chat.</summary>
    public static string Tame(string text) => text.Replace('@', '\uFF20').Replace('<', '\uFF1C').Replace('>', '\uFF1E');

    public static string Cut(string text, int most)
    {
        if (text.Length <= most)
            return text;
        var end = most - 1;
        return text[..(char.IsHighSurrogate(text[end - 1]) ? end - 1 : end)] + "…";
    }

    /// <summary>At most so many bytes in UTF-8, cut between characters.</summary>
    public static string CutBytes(string text, int most)
    {
        if (Encoding.UTF8.GetByteCount(text) <= most)
            return text;
        var (bytes, end) = (Encoding.UTF8.GetByteCount("…"), 0);
        foreach (var rune in text.EnumerateRunes())
        {
            if (bytes + rune.Utf8SequenceLength > most)
                break;
            bytes += rune.Utf8SequenceLength;
            end += rune.Utf16SequenceLength;
        }
        return text[..end] + "…";
    }
}
