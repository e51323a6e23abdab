namespace Headroom.Cli.Top;

/// <summary>The page's whole memory. Pure: what comes in makes another one.</summary>
/// <param name="Latest">The last that came.</param>
/// <param name="Shown">The same, unless the page stands still.</param>
internal sealed record TopModel(TopFrame Latest, TopFrame Shown, TopState State)
{
    public static readonly TopModel Start = new(TopFrame.Nothing, TopFrame.Nothing, new TopState());

    public TopModel Arrive(TopFrame frame) => (State.Paused ? this with { Latest = frame } : this with { Latest = frame, Shown = frame }).Settle();

    public TopModel Press(ConsoleKeyInfo key)
    {
        var state = TopKeys.Press(State, key);
        return new TopModel(Latest, state.Paused ? Shown : Latest, state).Settle();
    }

    private TopModel Settle() => this with { State = State.Over([.. TopOrder.Of(Shown.Rows, State).Select(row => row.Key)]) };
}
