using System.Globalization;
using System.Text;
using Headroom.Model;

namespace Headroom.Export.Metrics;

/// <summary>The histogram families in the text format, in seconds: each server's own cumulative buckets, and how long gates take to close.</summary>
internal static class HistogramText
{
    public static void AppendGates(StringBuilder text, NodeSnapshot snapshot, WorkloadLabel label)
    {
        var isFirst = true;
        foreach (var gate in snapshot.Act.Gates.Where(g => g.Via is not null && label.Has(g.Workload.Name)))
        {
            if (isFirst)
                AppendHead(text, MetricTable.GateHistogramName, MetricTable.GateHistogramHelp);
            isFirst = false;
            var (sum, cumulative) = (0d, new double[gate.Took.Counts.Count]);
            for (var i = 0; i < cumulative.Length; i++)
                cumulative[i] = sum += gate.Took.Counts[i];
            AppendOne(text, MetricTable.GateHistogramName, $"workload=\"{Escape(gate.Workload.Name)}\",via=\"{gate.Via!.Value.Word()}\"", new LatencyHistogram(CloseTimes.Bounds, cumulative, gate.Took.SumSeconds));
        }
    }

    public static void AppendLatencies(StringBuilder text, NodeSnapshot snapshot, WorkloadLabel label)
    {
        var isFirst = true;
        foreach (var workload in snapshot.Workloads.Where(w => label.Has(w.Name)))
            foreach (var signal in workload.Latency?.Signals ?? [])
            {
                if (signal.Total is not { SumSeconds: not null } total)
                    continue; // a histogram without a sum would break rate(sum)/rate(count)
                if (isFirst)
                    AppendHead(text, MetricTable.LatencyHistogramName, MetricTable.LatencyHistogramHelp);
                isFirst = false;
                AppendOne(text, MetricTable.LatencyHistogramName, $"workload=\"{Escape(workload.Name)}\",signal=\"{PresetFields.Word(signal.Signal)}\"", total);
            }
    }

    private static void AppendHead(StringBuilder text, string name, string help) =>
        text.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n').Append("# TYPE ").Append(name).Append(" histogram\n");

    private static void AppendOne(StringBuilder text, string name, string labels, LatencyHistogram histogram)
    {
        for (var i = 0; i < histogram.Cumulative.Count; i++)
        {
            var bound = i < histogram.UpperBounds.Count ? Number(histogram.UpperBounds[i]) : "+Inf";
            text.Append(name).Append("_bucket{").Append(labels).Append(",le=\"").Append(bound).Append("\"} ")
                .Append(Number(histogram.Cumulative[i])).Append('\n');
        }
        text.Append(name).Append("_sum{").Append(labels).Append("} ").Append(Number(histogram.SumSeconds!.Value)).Append('\n');
        text.Append(name).Append("_count{").Append(labels).Append("} ").Append(Number(histogram.Count)).Append('\n');
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    internal static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
