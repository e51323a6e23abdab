namespace Headroom.Cli.Replays;

/// <summary>What <c>headroom replay</c> was asked for.</summary>
internal sealed record ReplayRequest
{
    /// <summary>File or folder of the policy to try.</summary>
    public required string? Policy { get; init; }
    /// <summary>The base; null: the recorded one, or none in a simulation.</summary>
    public string? Against { get; init; }
    public string? Ticks { get; init; }
    /// <summary>Where ticks are looked for when nothing is named.</summary>
    public required string DefaultTicks { get; init; }
    public string? From { get; init; }
    public string? To { get; init; }
    public bool Simulate { get; init; }
    public string? Trace { get; init; }
    public string? Workload { get; init; }
    public int? Seed { get; init; }
    public double? Hours { get; init; }
    public bool Json { get; init; }

    /// <summary>What does not fit together; null when all does.</summary>
    public string? Mistake()
    {
        var closed = Simulate || Trace is not null;
        return this switch
        {
            { Policy: null } => "try which policy? Name it: headroom replay --policy new.yaml",
            _ when (Ticks is null ? 0 : 1) + (Simulate ? 1 : 0) + (Trace is null ? 0 : 1) > 1 => "choose one of --ticks, --simulate and --trace",
            { Trace: not null, Workload: null } => "whose requests are in the trace? Name a server of the simulated node: --workload chat",
            { Trace: null, Workload: not null } => "--workload goes with --trace FILE.csv",
            _ when closed && (From ?? To) is not null => "--from and --to choose recorded ticks; a simulation takes --hours",
            _ when !closed && (Seed is not null || Hours is not null) => "--seed and --hours go with --simulate or --trace; recorded ticks are chosen by --from and --to",
            _ => null,
        };
    }
}
