using System.Text;
using Headroom.Cli.Top;

namespace Headroom.Tests.Cli.Top;

public sealed class TopScreenTests
{
    private readonly Writes _terminal = new();

    [Fact]
    public void Only_what_changed_is_written_in_one_write()
    {
        using var screen = new TopScreen(_terminal, colours: false);
        screen.Open();
        screen.Show([Line.Of(20, "one"), Line.Of(20, "two")]);
        _terminal.All.Clear();

        screen.Show([Line.Of(20, "one"), Line.Of(20, "two")]);
        Assert.Empty(_terminal.All);

        screen.Show([Line.Of(20, "one"), Line.Of(20, "three")]);
        Assert.Contains("\u001b[2;1Hthree\u001b[K", Assert.Single(_terminal.All), StringComparison.Ordinal);
        Assert.DoesNotContain("one", _terminal.All[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_line_keeps_its_last_character()
    {
        using var screen = new TopScreen(_terminal, colours: false);
        screen.Open();

        screen.Show([Line.Of(5, "12345")]);

        Assert.DoesNotContain("12345\u001b[K", _terminal.All[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void The_terminal_is_given_back_as_it_was_once()
    {
        using (var screen = new TopScreen(_terminal, colours: false))
        {
            screen.Open();
            screen.Close();
            screen.Show([Line.Of(20, "late")]);
        }

        Assert.Equal(2, _terminal.All.Count);
        Assert.Contains("\u001b[?1049h\u001b[?25l", _terminal.All[0], StringComparison.Ordinal);
        Assert.EndsWith("\u001b[?25h\u001b[?1049l", _terminal.All[1], StringComparison.Ordinal);
    }

    [Fact]
    public void After_a_new_size_all_is_written()
    {
        using var screen = new TopScreen(_terminal, colours: false);
        screen.Open();
        screen.Show([Line.Of(20, "one")]);
        screen.Forget();
        screen.Show([Line.Of(20, "one")]);

        Assert.Contains("one", _terminal.All[^1], StringComparison.Ordinal);
    }

    private sealed class Writes : MemoryStream
    {
        public List<string> All { get; } = [];

        public override void Write(ReadOnlySpan<byte> buffer) => All.Add(Encoding.UTF8.GetString(buffer));

        public override void Write(byte[] buffer, int offset, int count) => All.Add(Encoding.UTF8.GetString(buffer, offset, count));
    }
}
