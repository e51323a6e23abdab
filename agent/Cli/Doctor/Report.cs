using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Headroom.Export.Api;
using Headroom.Model;
using Spectre.Console;

namespace Headroom.Cli.Doctor;

/// <param name="Ok">Nothing failed.</param>
internal sealed record Report(bool Ok, IReadOnlyList<Finding> Findings)
{
    public static Report Of(IReadOnlyList<Finding> findings) => new(findings.All(f => f.Level != Level.Fail), findings);

    public string ToJson()
    {
        // Advice is full of characters that only matter inside HTML.
        var context = new ReportJson(new JsonSerializerOptions(ReportJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        return JsonSerializer.Serialize(this, context.Report);
    }

    /// <summary>A line each, never wrapped, so that a line can be searched for; its advice below.</summary>
    public void Write(IAnsiConsole console)
    {
        var codes = Findings.Count == 0 ? 0 : Findings.Max(f => f.Check.Length);
        foreach (var finding in Findings)
        {
            var colour = finding.Level switch { Level.Ok => "green", Level.Note => "blue", Level.Warn => "yellow", _ => "red bold" };
            Line(console, $"[{colour}]{finding.Level.Word(),-4}[/]  {finding.Check.PadRight(codes)}  {Terminal.Safe(finding.What)}");
            if (finding.Advice is { } advice)
                Line(console, $"{new string(' ', codes + 8)}-> {Terminal.Safe(advice)}");
        }
        Line(console, "");
        Line(console, Summary());
    }

    private string Summary() =>
        $"{Count(Level.Fail)} failed, {Figures.Count(Count(Level.Warn), "warning")}, {Figures.Count(Count(Level.Note), "note")}, {Count(Level.Ok)} ok";

    private int Count(Level level) => Findings.Count(f => f.Level == level);

    // The console would wrap at its width.
    private static void Line(IAnsiConsole console, string markup)
    {
        var width = console.Profile.Width;
        console.Profile.Width = int.MaxValue / 2;
        console.MarkupLine(markup);
        console.Profile.Width = width;
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true,
    Converters = [typeof(Words<Level>)])]
[JsonSerializable(typeof(Report))]
internal sealed partial class ReportJson : JsonSerializerContext;
