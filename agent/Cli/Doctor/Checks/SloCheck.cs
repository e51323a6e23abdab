using Headroom.Cli.Doctor.Facts;
using Headroom.Model;

namespace Headroom.Cli.Doctor.Checks;

/// <summary>Can each SLO be judged by what its server tells?</summary>
internal static class SloCheck
{
    private const string Code = "slo";

    // Streams are felt by these; a queue's wait is no answer.
    private static readonly LatencySignal[] Alternatives = [LatencySignal.TimeToFirstToken, LatencySignal.InterToken, LatencySignal.EndToEnd];

    public static IEnumerable<Finding> Of(IReadOnlyList<Classified> workloads, IReadOnlyDictionary<string, WorkloadLatency> latency)
    {
        foreach (var workload in workloads.Where(w => w.Policy.Slos.Count > 0))
        {
            if (workload.Container.State != ContainerState.Running)
            {
                yield return new Finding(Code, Level.Note, $"{workload.Name} does not run: its SLOs were not looked at");
                continue;
            }
            var latest = latency.GetValueOrDefault(workload.Container.Id.InstanceId)?.Latest;
            if (latest?.Sample is not { } sample)
            {
                yield return new Finding(Code, Level.Warn, $"{workload.Name}: it has an SLO, but its latency cannot be read: {latest?.Error ?? "no answer in time"}",
                    "see that its server shows metrics and is named right (labels headroom.metrics, headroom.metrics.port), or let the policy probe it");
                continue;
            }
            foreach (var slo in workload.Policy.Slos)
                yield return Judge(workload.Name, slo, sample);
        }
    }

    private static Finding Judge(string name, Slo slo, LatencySample sample)
    {
        var word = PresetFields.Word(slo.Signal);
        var who = $"{name}: SLO {slo.Name} of {Figures.Latency(slo.Target.TotalSeconds)}";
        return sample.Signals.FirstOrDefault(s => s.Signal == slo.Signal) switch
        {
            null => new Finding(Code, Level.Warn, $"{who}, but {sample.Source} tells no {word} latency yet",
                "send it a request and look again: many servers show a latency only after the first; else choose another signal" + Told(sample)),
            { Kind: LatencyKind.MeanOnly } => new Finding(Code, Level.Warn, $"{who}, but {sample.Source} tells only a mean of {word}: no quantile can be judged",
                MeanAdvice(sample.Source)),
            { Kind: LatencyKind.SourceQuantiles, SourceQuantiles: { } own } when !own.Keys.Any(rank => rank >= slo.Rank - 1e-9) =>
                new Finding(Code, Level.Warn, $"{who}, but {sample.Source} tells no quantile that high", "choose a lower quantile, or let the policy probe the server"),
            { Kind: LatencyKind.Histogram, Total: { } total } => ByBuckets(who, slo, sample, total),
            _ => new Finding(Code, Level.Ok, $"{who} can be judged by {sample.Source}"),
        };
    }

    private static Finding ByBuckets(string who, Slo slo, LatencySample sample, LatencyHistogram total)
    {
        var word = PresetFields.Word(slo.Signal);
        var target = slo.Target.TotalSeconds;
        if (First(total) is not { } first)
            return new Finding(Code, Level.Warn, $"{who}, but the {word} histogram of {sample.Source} has no bounds: no quantile can be judged", MeanAdvice(sample.Source));
        if (target < first)
            return new Finding(Code, Level.Warn,
                $"{who} is below the first bucket of {sample.Source}'s {word} histogram, {Figures.Latency(first)}: whether it is kept cannot be told",
                $"set it to {Figures.Latency(first)} or more, {Finer(slo, sample, first)}");
        if (target > total.UpperBounds[^1])
            return new Finding(Code, Level.Warn,
                $"{who} is above the last bucket of {sample.Source}'s {word} histogram, {Figures.Latency(total.UpperBounds[^1])}: that it is broken would not be seen",
                $"set it to {Figures.Latency(total.UpperBounds[^1])} or less");
        return new Finding(Code, Level.Ok, $"{who} can be judged by {sample.Source}'s {word} histogram");
    }

    private static string Finer(Slo slo, LatencySample sample, double first)
    {
        foreach (var signal in Alternatives)
            if (signal != slo.Signal && sample.Signals.FirstOrDefault(s => s.Signal == signal)?.Total is { } other && First(other) is { } bound && bound < first)
                return $"or use {(slo with { Signal = signal }).Name} instead, whose first bucket is {Figures.Latency(bound)}{Buckets(sample.Source)}";
        return $"or let the policy probe the server instead{Buckets(sample.Source)}";
    }

    private static string Buckets(string source) => source switch
    {
        "sglang" => ", or give the server finer buckets (its --bucket-* flags)",
        "bentoml" => ", or give the service finer buckets (its metrics configuration)",
        "fastapi" => ", or give the application's histogram finer buckets",
        _ => "",
    };

    private static string MeanAdvice(string source) => source.StartsWith("triton", StringComparison.Ordinal)
        ? "start Triton with --metrics-config summary_latencies=true, or let the policy probe the server"
        : "let the policy probe the server (metrics: probe), or read a histogram from elsewhere (a PromQL query)";

    private static string Told(LatencySample sample) => sample.Signals.Count == 0
        ? ""
        : $": it tells {string.Join(", ", sample.Signals.Select(s => PresetFields.Word(s.Signal)))}";

    // A bound of 0 holds nothing.
    private static double? First(LatencyHistogram histogram) => histogram.UpperBounds.Select(bound => (double?)bound).FirstOrDefault(bound => bound > 0);
}
