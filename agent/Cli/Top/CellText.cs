using System.Globalization;
using System.Text;
using Spectre.Console.Rendering;

namespace Headroom.Cli.Top;

/// <summary>Text by the cells that it takes on a terminal: a Chinese character takes two.</summary>
internal static class CellText
{
    private const string More = "…";

    public static int Width(string text) => Ascii.IsValid(text) ? text.Length : new Segment(text).CellCount();

    /// <summary>Text of others, safe to write: nothing that steers, and no half of a character.</summary>
    public static string Clean(string text) => Terminal.Clean(text.Any(char.IsSurrogate) ? string.Concat(text.EnumerateRunes()) : text);

    /// <summary>At most so many cells; what is cut off shows as <c>…</c>.</summary>
    public static string Cut(string text, int cells)
    {
        if (Width(text) <= cells)
            return text;
        if (cells <= 0)
            return "";
        return Head(text, cells - 1) + More;
    }

    /// <summary>Lines of at most so many cells, broken at blanks where there are any.</summary>
    public static IEnumerable<string> Wrap(string text, int cells)
    {
        cells = Math.Max(2, cells);
        while (Width(text) > cells)
        {
            var head = Head(text, cells);
            // A character wider than the line.
            if (head.Length == 0)
                yield break;
            var blank = text[head.Length] == ' ' ? head.Length : head.LastIndexOf(' ');
            if (blank > head.Length / 2)
                head = text[..blank];
            yield return head.TrimEnd();
            text = text[head.Length..].TrimStart();
        }
        yield return text;
    }

    private static string Head(string text, int cells)
    {
        var length = 0;
        var elements = StringInfo.GetTextElementEnumerator(text);
        for (var width = 0; elements.MoveNext();)
        {
            width += Width(elements.GetTextElement());
            if (width > cells)
                break;
            length = elements.ElementIndex + elements.GetTextElement().Length;
        }
        return text[..length];
    }
}
