using Headroom.Cli.Top;
using static Headroom.Tests.Cli.Top.Frames;

namespace Headroom.Tests.Cli.Top;

public sealed class TopKeysTests
{
    private static readonly TopState Three = new() { Rows = ["a", "b", "c"], Selected = "b" };

    public static TheoryData<string, string> Presses => new()
    {
        { "q", "quit" }, { "Q", "quit" }, { "p", "paused" }, { " ", "paused" }, { "p p", "" }, { "?", "help" }, { "? x", "" }, { "? q", "help quit" },
        { "j", "at c" }, { "k", "at a" }, { "j j j", "at c" }, { "k k k", "at a" }, { "DownArrow", "at c" }, { "UpArrow", "at a" },
        { "s", "by Latency" }, { "s s s s s", "by Name" }, { "s s s s s s", "" }, { "S", "reverse" }, { "S S", "" },
        { "Enter", "detail" }, { "Enter Enter", "" }, { "Enter Escape", "" }, { "Enter j j k", "detail scroll 1" }, { "Enter k", "detail" },
        { "/", "typing" }, { "/ a", "typing /a" }, { "/ q Enter", "/q" }, { "/ q Escape", "" }, { "/ a Enter Escape", "" }, { "/ a b Backspace", "typing /a" },
        { "/ Backspace", "" }, { "/ 推 荐 Enter", "/推荐" }, { "/ \ud83d \ude00 Backspace", "typing" }, { "Enter /", "typing" },
        { "PageDown", "scroll 10" }, { "PageDown PageDown PageUp", "scroll 10" }, { "PageUp", "" }, { "PageDown Home", "" }, { "x", "" }, { "F5", "" },
    };

    [Theory]
    [MemberData(nameof(Presses))]
    public void A_key_does_what_the_help_says(string keys, string then)
    {
        var state = keys == " " ? TopKeys.Press(Three, Key(' ')) : keys.Split(' ').Aggregate(Three, (now, key) => TopKeys.Press(now, Of(key)));

        Assert.Equal(then, Words(state));
    }

    [Fact]
    public void Ctrl_c_as_a_key_quits() =>
        Assert.True(TopKeys.Press(Three, new ConsoleKeyInfo('\u0003', ConsoleKey.C, false, false, true)).Quit);

    [Fact]
    public void Without_rows_nothing_is_selected_and_nothing_breaks()
    {
        var none = new TopState();
        foreach (var key in (ConsoleKeyInfo[])[Key('j'), Key('k'), Key(ConsoleKey.Enter)])
            Assert.Equal("", Words(TopKeys.Press(none, key) with { Selected = "b" }));
    }

    private static ConsoleKeyInfo Of(string key) => key.Length == 1 ? Key(key[0]) : Key(Enum.Parse<ConsoleKey>(key));

    private static string Words(TopState state) => string.Join(' ', ((string?[])
    [
        state.Selected == "b" ? null : $"at {state.Selected}", state.Sort == TopSort.Priority ? null : $"by {state.Sort}", state.Reverse ? "reverse" : null,
        state.Typing ? "typing" : null, state.Filter.Length > 0 ? "/" + state.Filter : null, state.Paused ? "paused" : null, state.Detail ? "detail" : null, state.Help ? "help" : null,
        state.Scroll > 0 ? $"scroll {state.Scroll}" : null, state.Quit ? "quit" : null,
    ]).OfType<string>());
}
