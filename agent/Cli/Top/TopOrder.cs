namespace Headroom.Cli.Top;

/// <summary>Which rows are shown, in which order. Pure.</summary>
internal static class TopOrder
{
    public static IReadOnlyList<TopRow> Of(IReadOnlyList<TopRow> rows, TopState state)
    {
        var shown = rows.Where(row => Matches(row, state.Filter));
        var sorted = state.Sort switch
        {
            TopSort.Name => shown.OrderBy(row => row.Name, StringComparer.Ordinal),
            TopSort.Latency => shown.OrderByDescending(row => row.Pressure ?? -1),
            TopSort.Vram => shown.OrderByDescending(row => row.Bytes ?? -1),
            TopSort.Sm => shown.OrderByDescending(row => row.Sm ?? -1),
            TopSort.Held => shown.OrderByDescending(row => row.Run is { } hold ? 1 + (int)hold.Lever : row.Wanted is null ? -1 : 0),
            _ => shown.OrderByDescending(row => row.Workload.Policy.Priority),
        };
        List<TopRow> all = [.. sorted.ThenBy(row => row.Name, StringComparer.Ordinal).ThenBy(row => row.Key, StringComparer.Ordinal)];
        if (state.Reverse)
            all.Reverse();
        return all;
    }

    private static bool Matches(TopRow row, string filter) =>
        filter.Length == 0
        || ((string[])[row.Name, row.Workload.Container.ContainerName, row.Workload.Container.Image]).Any(text => text.Contains(filter, StringComparison.OrdinalIgnoreCase));
}
