using Headroom.Cli.Top;
using Headroom.Model;
using static Headroom.Tests.Cli.Top.Frames;

namespace Headroom.Tests.Cli.Top;

public sealed class TopModelTests
{
    [Fact]
    public void A_paused_page_stays_and_goes_on_with_the_latest()
    {
        var (first, second) = (Of(English), Of(English, Mode.Recommend));

        var paused = Shown(first, Key('p')).Arrive(second);

        Assert.Same(first, paused.Shown);
        Assert.Equal(Text(Shown(first, Key('p')), 80, 24), Text(paused, 80, 24));
        Assert.Same(second, paused.Press(Key('p')).Shown);
    }

    [Theory]
    [InlineData(0, "chat recommender notebook-li nightly-embedding painter")]
    [InlineData(1, "recommender chat nightly-embedding notebook-li painter")]
    [InlineData(2, "chat recommender nightly-embedding notebook-li painter")]
    [InlineData(3, "chat recommender nightly-embedding painter notebook-li")]
    [InlineData(4, "nightly-embedding painter chat notebook-li recommender")]
    [InlineData(5, "chat nightly-embedding notebook-li painter recommender")]
    public void Containers_stand_in_the_order_that_was_chosen(int presses, string names)
    {
        var model = Shown(Of(English), [.. Enumerable.Repeat(Key('s'), presses)]);

        Assert.Equal(names, Names(model));
        Assert.Equal(string.Join(' ', names.Split(' ').Reverse()), Names(model.Press(Key('S'))));
    }

    [Fact]
    public void The_filter_keeps_those_with_its_letters_in_any_case()
    {
        var model = Shown(Of(English), Key('/'), Key('N'), Key('i'), Key('g'));

        Assert.Equal("nightly-embedding", Names(model));
        Assert.Equal(model.State.Rows[0], model.State.Selected);
        Assert.Equal("", Names(model.Press(Key('x'))));
        Assert.Null(model.Press(Key('x')).State.Selected);
        Assert.Equal(5, model.Press(Key(ConsoleKey.Escape)).State.Rows.Count);
    }

    [Fact]
    public void A_selection_sticks_to_its_container_and_hands_over_when_that_is_gone()
    {
        var frame = Of(English);
        var model = Shown(frame, Key('j'), Key('j'));
        Assert.Equal("notebook-li", Name(model));

        Assert.Equal("notebook-li", Name(model.Press(Key('s'))));
        var gone = model.Arrive(frame with { Rows = [.. frame.Rows.Where(row => row.Name != "notebook-li")] });
        Assert.Equal("nightly-embedding", Name(gone));
    }

    [Fact]
    public void Decisions_that_no_longer_stand_are_remembered_and_those_that_stand_are_there_once()
    {
        var view = Of(English).View!;
        var history = new TopHistory();
        history.Add(view.Snapshot, view.Plan);
        history.Add(view.Snapshot, view.Plan);
        history.Add(view.Snapshot, view.Plan! with { Decisions = [] });

        Assert.Equal(["painter", "nightly-embedding"], history.Newest.Select(d => d.Decision.Workload));
        Assert.Equal([Views.Nine.AddSeconds(4), Views.Nine.AddSeconds(-35)], history.Newest.Select(d => d.At));
    }

    private static string Names(TopModel model) => string.Join(' ', TopOrder.Of(model.Shown.Rows, model.State).Select(row => row.Name));

    private static string Name(TopModel model) => model.Shown.Rows.First(row => row.Key == model.State.Selected).Name;
}
