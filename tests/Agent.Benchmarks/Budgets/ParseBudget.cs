namespace Headroom.Benchmarks.Budgets;

/// <summary>A megabyte of an exposition, against finding the ends of its lines.</summary>
internal static class ParseBudget
{
    private const int Rounds = 300;

    public static BudgetPart Measure() => new("", [.. new[] { "few", "half", "all" }.Select(Row)]);

    private static BudgetRow Row(string wanted)
    {
        var parsing = new ExpositionParsing { Wanted = wanted };
        parsing.Setup();
        Stopwatching.Warm(() => parsing.InChunksOf16KiB(), TimeSpan.FromSeconds(2));
        Stopwatching.Warm(() => parsing.LineEndsOnly(), TimeSpan.FromSeconds(1));
        var (parse, lines) = (new List<double>(), new List<double>());
        for (var i = 0; i < Rounds; i++)
        {
            parse.Add(Stopwatching.Microseconds(() => parsing.InChunksOf16KiB()));
            lines.Add(Stopwatching.Microseconds(() => parsing.LineEndsOnly()));
        }
        var (seen, beside) = (new Spread(parse), new Spread(lines));
        var what = wanted switch { "few" => "one family in 50 is wanted", "half" => "half of the families are wanted", _ => "all families are wanted" };
        return new BudgetRow($"parse of an exposition of 1 MB, {what}", $"{Spread.Words(seen.Median)} ({1e6 / seen.Median:0} MB/s)", $"finding its line ends: {Spread.Words(beside.Median)}", seen.Median / beside.Median);
    }
}
