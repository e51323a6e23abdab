using System.Text;

namespace Headroom.Cli.Top;

/// <summary>A terminal as a page of lines. Writes only what changed, in one write, and gives the terminal back as it was.</summary>
/// <param name="output">Not buffered.</param>
internal sealed class TopScreen(Stream output, bool colours) : IDisposable
{
    // Alternate screen, cursor hidden; no line breaks by itself: a character that the terminal takes for wider than we do must not push the page up.
    private const string Enter = "\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J";
    private const string Leave = "\u001b[?7h\u001b[?25h\u001b[?1049l";
    // Terminals that know it show the frame at once.
    private const string Begin = "\u001b[?2026h";
    private const string End = "\u001b[?2026l";

    private readonly Lock _gate = new();
    private List<string> _shown = [];
    private bool _entered;

    /// <summary>Again after <see cref="Close"/>; nothing while it is open.</summary>
    public void Open()
    {
        lock (_gate)
        {
            if (_entered)
                return;
            Write(Enter);
            (_entered, _shown) = (true, []);
        }
    }

    /// <summary>The next frame is written whole: the terminal's size changed, or somebody else wrote on it.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            if (_entered)
                Write("\u001b[2J");
            _shown = [];
        }
    }

    public void Show(IReadOnlyList<Line> page)
    {
        List<string> lines = [.. page.Select(line => line.Text(colours))];
        lock (_gate)
        {
            if (!_entered)
                return;
            var text = new StringBuilder();
            for (var i = 0; i < Math.Max(lines.Count, _shown.Count); i++)
            {
                var line = i < lines.Count ? lines[i] : "";
                if (i < _shown.Count && _shown[i] == line)
                    continue;
                // After a full line the cursor stands on its last character: erasing from there would take it away.
                text.Append("\u001b[").Append(i + 1).Append(";1H").Append(line).Append(i < page.Count && page[i].IsFull ? "" : "\u001b[K");
            }
            if (text.Length > 0)
                Write(Begin + text + End);
            _shown = lines;
        }
    }

    public void Close()
    {
        lock (_gate)
        {
            if (_entered)
                Write(Leave);
            _entered = false;
        }
    }

    public void Dispose() => Close();

    private void Write(string text)
    {
        try
        {
            output.Write(Encoding.UTF8.GetBytes(text));
            output.Flush();
        }
        catch (IOException)
        {
            // The terminal is gone; the signal that says so ends the program.
        }
    }
}
