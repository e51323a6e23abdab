using System.Text.Json;
using System.Text.Json.Serialization;
using Headroom.IntegrationTests.SharedCore;

namespace Headroom.IntegrationTests.CpuLab;

/// <summary>Seconds, nearest rank; null when there is nothing.</summary>
internal sealed record Quantiles(double P50, double P95, double P99)
{
    public static Quantiles? Of(IEnumerable<double> values)
    {
        var all = values.ToArray();
        return all.Length == 0 ? null : new Quantiles(Requests.Quantile(all, 0.5), Requests.Quantile(all, 0.95), Requests.Quantile(all, 0.99));
    }
}

/// <summary>What was measured in a cell.</summary>
/// <param name="Machine">Processor, cores, kernel.</param>
/// <param name="Unanswered">Of <paramref name="Count"/>; they count with the time that they waited.</param>
/// <param name="Sojourn">From the moment at which a request should have left its client to the end of its answer.</param>
/// <param name="Service">In the server's worker.</param>
/// <param name="ServerShare">Of the core, during the arrivals, 0..1.</param>
/// <param name="OtherShare">Of the core, by nobody here: the noise of the machine.</param>
/// <param name="Toggles">Times that the gate closed; null where the agent does not tell.</param>
internal sealed record CellResult(
    Cell Cell, DateTimeOffset At, string Machine, int Count, int Unanswered, double GapVariation, Quantiles? Sojourn, Quantiles? Service,
    double ServerShare, double BatchShare, double OtherShare, double? Toggles);

/// <summary>A line of JSON a cell. A run that was broken off goes on after the last one.</summary>
internal sealed class ResultsFile(string path)
{
    private static readonly JsonSerializerOptions Options = new() { Converters = { new JsonStringEnumConverter() } };

    public IReadOnlyList<CellResult> Read() => !File.Exists(path) ? [] :
        [.. File.ReadLines(path).Where(line => line.EndsWith('}')).Select(line => JsonSerializer.Deserialize<CellResult>(line, Options)!)];

    public void Add(CellResult result)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.AppendAllText(path, JsonSerializer.Serialize(result, Options) + "\n");
    }
}
