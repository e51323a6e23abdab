using System.Globalization;
using System.Text;
using Headroom.Model;

namespace Headroom.Export.Metrics;

/// <summary>The histogram family in the text format: each server's own cumulative buckets, in seconds.</summary>
internal static class LatencyHistogramText
{
    public static void Append(StringBuilder text, NodeSnapshot snapshot, WorkloadLabel label)
    {
        var isFirst = true;
        foreach (var workload in snapshot.Workloads.Where(w => label.Has(w.Name)))
            foreach (var signal in workload.Latency?.Signals ?? [])
            {
                if (signal.Total is not { SumSeconds: not null } total)
                    continue; // a histogram without a sum would break rate(sum)/rate(count)
                if (isFirst)
                    text.Append("# HELP ").Append(MetricTable.LatencyHistogramName).Append(' ').Append(MetricTable.LatencyHistogramHelp).Append('\n')
                        .Append("# TYPE ").Append(MetricTable.LatencyHistogramName).Append(" histogram\n");
                isFirst = false;
                AppendOne(text, $"workload=\"{Escape(workload.Name)}\",signal=\"{PresetFields.Word(signal.Signal)}\"", total);
            }
    }

    private static void AppendOne(StringBuilder text, string labels, LatencyHistogram histogram)
    {
        for (var i = 0; i < histogram.Cumulative.Count; i++)
        {
            var bound = i < histogram.UpperBounds.Count ? Number(histogram.UpperBounds[i]) : "+Inf";
            text.Append(MetricTable.LatencyHistogramName).Append("_bucket{").Append(labels).Append(",le=\"").Append(bound).Append("\"} ")
                .Append(Number(histogram.Cumulative[i])).Append('\n');
        }
        text.Append(MetricTable.LatencyHistogramName).Append("_sum{").Append(labels).Append("} ").Append(Number(histogram.SumSeconds!.Value)).Append('\n');
        text.Append(MetricTable.LatencyHistogramName).Append("_count{").Append(labels).Append("} ").Append(Number(histogram.Count)).Append('\n');
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    internal static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
