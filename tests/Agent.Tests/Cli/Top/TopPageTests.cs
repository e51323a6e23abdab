using System.Text.RegularExpressions;
using CsCheck;
using Headroom.Cli.Top;
using Headroom.Model;
using Headroom.Tests.Support;
using Spectre.Console.Rendering;
using static Headroom.Tests.Cli.Top.Frames;

namespace Headroom.Tests.Cli.Top;

public sealed partial class TopPageTests
{
    private static readonly string[] Odd =
        ["推荐服务-线上", "👍🏽👩‍💻", "evil\u001b[2J\u202e\ntail", "[bold red]x[/]", "e\u0301e\u0301", "❤️🇨🇳", "ｆｕｌｌ", "\ud83d", new string('长', 90), new string('x', 200), ""];
    private static readonly Gen<string> Names = Gen.OneOf(Gen.Int[0, 10].Select(i => Odd[i]), Gen.String[0, 40]);

    [Fact]
    public void Eighty_by_twenty_four() => Golden.Matches(Text(Shown(Of(English)), 80, 24), "top-80x24.txt");

    [Fact]
    public void A_hundred_and_twenty_by_forty() => Golden.Matches(Text(Shown(Of(English), Key('j'), Key('j')), 120, 40), "top-120x40.txt");

    [Fact]
    public void Chinese_with_chinese_names() => Golden.Matches(Text(Shown(Of(Chinese)), 80, 24, Language.Chinese), "top-zh-80x24.txt");

    [Fact]
    public void All_that_is_known_of_one() => Golden.Matches(
        Text(Shown(Of(English), Key('/'), Key('n'), Key('i'), Key('g'), Key(ConsoleKey.Enter), Key(ConsoleKey.Enter)), 80, 24), "top-detail.txt");

    [Fact]
    public void A_dry_run_shows_in_brackets_what_is_wanted() => Golden.Matches(Text(Shown(Of(English, Mode.Recommend)), 100, null), "top-dry-run.txt");

    [Theory]
    [InlineData(60, "Container Latency/SLO Now")]
    [InlineData(40, "Container Now")]
    public void Columns_go_in_their_order_where_it_is_narrow(int width, string columns)
    {
        var page = Text(Shown(Of(English)), width, 24);

        Assert.Contains(page.Split('\n'), line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)) == columns);
        Assert.Contains("notebook-li", page, StringComparison.Ordinal);
    }

    [Fact]
    public void No_line_is_wider_than_the_terminal_and_no_page_higher_whatever_containers_are_called() =>
        Gen.Select(Gen.Int[30, 200], Gen.Int[2, 60], Names.Array[5], Gen.Bool, Gen.Int[0, 3]).Sample((width, height, names, chinese, what) =>
        {
            // Kept apart, as instances are.
            var keys = what switch { 1 => new[] { Key(ConsoleKey.Enter) }, 2 => [Key('?')], 3 => [Key('p'), Key('s'), Key('S')], _ => [] };
            var model = Shown(Of(names), keys);
            var lines = TopPage.Of(model.Shown, model.State, width, height, chinese ? Language.Chinese : Language.English);
            return lines.Count <= height && lines.All(line => line.Plain.Length == 0 || new Segment(line.Plain).CellCount() <= width) && !lines.Any(line => line.Plain.Any(char.IsControl));
        }, iter: 500);

    [Fact]
    public void What_is_cut_off_ends_in_one_sign()
    {
        var line = new Line(6).Add("推荐服务").Add(" HR1107");

        Assert.Equal("推荐…", line.Plain);
    }

    [Fact]
    public void Ink_is_never_the_only_sign_and_names_steer_nothing()
    {
        var model = Shown(Of(["[x]", "推荐服务-线上", "[bold red]nice[/]", "evil\u001b[2J\u202e\ntail", "notebook"]));
        foreach (var line in TopPage.Of(model.Shown, model.State, 120, 40, Language.English))
        {
            Assert.Equal(line.Plain, Escapes().Replace(line.Text(colours: true), ""));
            Assert.DoesNotContain('\u001b', line.Text(colours: false));
        }
        Assert.Contains("evil?[2J? tail", Text(model, 120, 40), StringComparison.Ordinal);
    }

    [Fact]
    public void An_agent_that_is_away_says_since_when_over_what_was_known_last()
    {
        var frame = Of(English) with { Away = new TopAway(Views.Nine, TimeSpan.FromSeconds(32), "no agent answers at /run/headroom/control.sock.") };

        var page = Text(Shown(frame), 120, 30);

        Assert.Contains("! agent away since 09:00:00 UTC (32 s): no agent answers at /run/headroom/control.sock.", page, StringComparison.Ordinal);
        Assert.Contains("nightly-embedding", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Before_the_first_answer_there_is_a_page_too()
    {
        Assert.Contains("waiting for the first answer", Text(TopModel.Start, 80, 24), StringComparison.Ordinal);
        var away = TopFrame.Nothing with { Away = new TopAway(Views.Nine, TimeSpan.Zero, "no agent answers") };
        Assert.Contains("agent away", Text(Shown(away), 80, 24), StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_without_a_gpu_and_without_containers_is_shown_as_such()
    {
        var page = Text(Shown(TopFrame.Of(Views.Of(Views.Node()), [])), 80, 24);

        Assert.Contains("no GPU is known", page, StringComparison.Ordinal);
        Assert.Contains("no container is known", page, StringComparison.Ordinal);
    }

    [GeneratedRegex("\u001b\\[[0-9;]*m")]
    private static partial Regex Escapes();
}
