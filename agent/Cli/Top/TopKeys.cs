namespace Headroom.Cli.Top;

/// <summary>What a key does. Pure.</summary>
internal static class TopKeys
{
    private const int Page = 10;

    public static TopState Press(TopState state, ConsoleKeyInfo key) =>
        state.Typing ? Typed(state, key)
        : key.Key == ConsoleKey.C && key.Modifiers.HasFlag(ConsoleModifiers.Control) ? state with { Quit = true }
        : state.Help ? Closed(state, key)
        : Command(state, key);

    private static TopState Closed(TopState state, ConsoleKeyInfo key) => key.KeyChar == 'q' ? state with { Quit = true } : state with { Help = false };

    private static TopState Command(TopState state, ConsoleKeyInfo key) => key switch
    {
        { Key: ConsoleKey.UpArrow } => Up(state),
        { Key: ConsoleKey.DownArrow } => Down(state),
        { Key: ConsoleKey.PageDown } => state with { Scroll = state.Scroll + Page },
        { Key: ConsoleKey.PageUp } => state with { Scroll = Math.Max(0, state.Scroll - Page) },
        { Key: ConsoleKey.Home } => state with { Scroll = 0 },
        { Key: ConsoleKey.Enter } => state with { Detail = !state.Detail && state.Selected is not null, Scroll = 0 },
        { Key: ConsoleKey.Escape } => state.Detail ? state with { Detail = false, Scroll = 0 } : state with { Filter = "", Scroll = 0 },
        _ => key.KeyChar switch
        {
            'q' or 'Q' => state with { Quit = true },
            'p' or ' ' => state with { Paused = !state.Paused },
            's' => state with { Sort = Next(state.Sort) },
            'S' => state with { Reverse = !state.Reverse },
            '/' => state with { Typing = true, Detail = false, Scroll = 0 },
            'j' => Down(state),
            'k' => Up(state),
            '?' or 'h' => state with { Help = true },
            _ => state,
        },
    };

    private static TopState Typed(TopState state, ConsoleKeyInfo key) => key switch
    {
        { Key: ConsoleKey.Escape } => state with { Typing = false, Filter = "" },
        { Key: ConsoleKey.Enter } => state with { Typing = false },
        { Key: ConsoleKey.Backspace } => state.Filter.Length == 0 ? state with { Typing = false } : state with { Filter = Shorter(state.Filter) },
        { KeyChar: var letter } when letter >= ' ' && letter != '\u007f' => state with { Filter = state.Filter + letter },
        _ => state,
    };

    // A letter beyond the first 65536 is two chars.
    private static string Shorter(string filter) => filter[..^(filter.Length > 1 && char.IsLowSurrogate(filter[^1]) ? 2 : 1)];

    private static TopSort Next(TopSort sort) => sort == TopSort.Name ? TopSort.Priority : sort + 1;

    private static TopState Up(TopState state) => state.Detail ? state with { Scroll = Math.Max(0, state.Scroll - 1) } : Move(state, -1);

    private static TopState Down(TopState state) => state.Detail ? state with { Scroll = state.Scroll + 1 } : Move(state, 1);

    private static TopState Move(TopState state, int by)
    {
        if (state.Rows.Count == 0)
            return state;
        var at = state.Rows.ToList().IndexOf(state.Selected ?? "");
        return state with { Selected = state.Rows[Math.Clamp(at + by, 0, state.Rows.Count - 1)] };
    }
}
