using System.Text.RegularExpressions;
using Headroom.Profiling;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace Headroom.Cli.Profiles;

/// <summary>The report's plots as SVG. The only place that knows the plotting library.</summary>
internal static partial class Plots
{
    private const int Width = 640;
    private const int Height = 340;
    // Told apart also by those who see no red or green (Okabe and Ito).
    private static readonly OxyColor Blue = OxyColor.FromRgb(0, 114, 178), Orange = OxyColor.FromRgb(230, 159, 0), Red = OxyColor.FromRgb(213, 94, 0), Green = OxyColor.FromRgb(0, 158, 115), Grey = OxyColor.FromRgb(120, 120, 120);

    public static string Latency(ProfileReport report, ReportWords words)
    {
        var steps = Ordered(report).Where(s => s.Latency is not null).ToList();
        var model = Model(words.Asked, new LogarithmicAxis { Position = AxisPosition.Left, Title = "ms", AxisTitleDistance = 14, MajorGridlineStyle = LineStyle.Solid, MajorGridlineColor = OxyColors.LightGray });
        model.Series.Add(Line("p50", Blue, steps, s => s.Latency!.P50 * 1000));
        model.Series.Add(Line("p95", Orange, steps, s => s.Latency!.P95 * 1000));
        model.Series.Add(Line("p99", Red, steps, s => s.Latency!.P99 * 1000));
        // Its width is measured for another font than browsers draw: without the blanks the box cuts it.
        var over = new ScatterSeries { Title = words.TooMuch + "            ", MarkerType = MarkerType.Cross, MarkerStroke = Grey, MarkerSize = 6, MarkerStrokeThickness = 1.5 };
        over.Points.AddRange(steps.Where(s => s.Saturated).Select(s => new ScatterPoint(s.AskedPerSecond, s.Latency!.P95 * 1000)));
        if (over.Points.Count > 0)
            model.Series.Add(over);
        if (report.Knee is { } knee)
        {
            model.Annotations.Add(Mark(LineAnnotationType.Horizontal, knee.P95Seconds * 1000, ""));
            if (knee.Reached)
                model.Annotations.Add(Mark(LineAnnotationType.Vertical, knee.RequestsPerSecond, words.Knee));
        }
        return Svg(model);
    }

    public static string Throughput(ProfileReport report, ReportWords words)
    {
        var steps = Ordered(report).ToList();
        var model = Model(words.Asked, new LinearAxis { Position = AxisPosition.Left, Minimum = 0, MajorGridlineStyle = LineStyle.Solid, MajorGridlineColor = OxyColors.LightGray });
        var ideal = new LineSeries { Color = Grey, LineStyle = LineStyle.Dash, StrokeThickness = 1 };
        ideal.Points.Add(new DataPoint(0, 0));
        var most = steps.Max(s => s.AnsweredPerSecond);
        ideal.Points.Add(new DataPoint(most, most));
        model.Series.Add(ideal);
        model.Series.Add(Line("", Blue, steps, s => s.AnsweredPerSecond));
        if (report.Knee?.CapacityPerSecond is { } capacity)
            model.Annotations.Add(Mark(LineAnnotationType.Horizontal, capacity, words.Capacity));
        return Svg(model);
    }

    public static string Streams(ProfileReport report, ReportWords words)
    {
        var model = Model(words.Asked, new LogarithmicAxis { Position = AxisPosition.Left, Title = "ms", AxisTitleDistance = 14, MajorGridlineStyle = LineStyle.Solid, MajorGridlineColor = OxyColors.LightGray });
        model.Series.Add(Line("TTFT p95", Blue, Ordered(report).Where(s => s.Ttft is not null), s => s.Ttft!.P95 * 1000));
        model.Series.Add(Line("ITL p95", Orange, Ordered(report).Where(s => s.Itl is { P95: > 0 }), s => s.Itl!.P95 * 1000));
        return Svg(model);
    }

    public static string Memory(ProfileReport report, ReportWords words)
    {
        const double gib = 1L << 30;
        var model = Model(words.Step, new LinearAxis { Position = AxisPosition.Left, Title = "GiB", AxisTitleDistance = 8, Minimum = 0, MajorGridlineStyle = LineStyle.Solid, MajorGridlineColor = OxyColors.LightGray });
        var line = new LineSeries { Color = Green, StrokeThickness = 2, MarkerType = MarkerType.Circle, MarkerFill = Green, MarkerSize = 3.5 };
        line.Points.AddRange(report.Steps.Select((s, i) => (Bytes: s.VramPeakBytes, At: i + 1)).Where(p => p.Bytes is not null).Select(p => new DataPoint(p.At, p.Bytes!.Value / gib)));
        model.Series.Add(line);
        foreach (var (bytes, name) in new[] { (report.Proposal.GuaranteeBytes, "guarantee"), (report.Proposal.CapBytes, "cap") })
            if (bytes is { } size)
                model.Annotations.Add(Mark(LineAnnotationType.Horizontal, size / gib, name, above: true));
        // An annotation does not widen its axis.
        model.Axes[1].Maximum = 1.15 * Math.Max((report.Proposal.CapBytes ?? 0) / gib, line.Points.Select(p => p.Y).DefaultIfEmpty(1).Max());
        return Svg(model);
    }

    private static IEnumerable<ProfileStep> Ordered(ProfileReport report) => report.Steps.OrderBy(s => s.AskedPerSecond);

    private static PlotModel Model(string below, Axis left)
    {
        var model = new PlotModel { DefaultFont = "Arial", DefaultFontSize = 15, Background = OxyColors.White, PlotAreaBorderColor = Grey };
        model.Axes.Add(new LinearAxis { Position = AxisPosition.Bottom, Title = below, Minimum = 0, MajorGridlineStyle = LineStyle.Solid, MajorGridlineColor = OxyColors.LightGray });
        model.Axes.Add(left);
        model.Legends.Add(new Legend { LegendPosition = LegendPosition.BottomRight, LegendBackground = OxyColor.FromAColor(220, OxyColors.White), LegendBorder = OxyColors.LightGray, LegendLineSpacing = 6 });
        return model;
    }

    private static LineSeries Line(string title, OxyColor color, IEnumerable<ProfileStep> steps, Func<ProfileStep, double> value)
    {
        var line = new LineSeries { Title = title.Length > 0 ? title : null, Color = color, StrokeThickness = 2, MarkerType = MarkerType.Circle, MarkerFill = color, MarkerSize = 3 };
        line.Points.AddRange(steps.Select(s => new DataPoint(s.AskedPerSecond, value(s))));
        return line;
    }

    private static LineAnnotation Mark(LineAnnotationType type, double at, string text, bool above = false) => new()
    {
        Type = type, X = at, Y = at, Text = text, Color = Grey, LineStyle = LineStyle.Dash, StrokeThickness = 1.5, TextColor = Grey,
        TextOrientation = AnnotationTextOrientation.Horizontal,
        TextLinePosition = type == LineAnnotationType.Vertical ? 0.95 : 0.98,
        TextHorizontalAlignment = type == LineAnnotationType.Vertical ? HorizontalAlignment.Left : HorizontalAlignment.Right,
        TextVerticalAlignment = above ? VerticalAlignment.Bottom : VerticalAlignment.Top,
    };

    // With a view box in place of a size the page scales it.
    private static string Svg(PlotModel model) =>
        SizeOf().Replace(new SvgExporter { Width = Width, Height = Height, IsDocument = false }.ExportToString(model), $"<svg viewBox=\"0 0 {Width} {Height}\"", 1);

    [GeneratedRegex("<svg width=\"[0-9.]+\" height=\"[0-9.]+\"")]
    private static partial Regex SizeOf();
}
