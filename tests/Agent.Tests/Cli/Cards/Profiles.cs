using System.Text.Json;
using Headroom.Profiling;

namespace Headroom.Tests.Cli.Cards;

/// <summary>Profiles as a measurement would leave them, with only what plans look at.</summary>
internal static class Profiles
{
    public const long MiB = 1L << 20;
    public const long GiB = 1L << 30;

    // Write leaves nulls out, and Read wants all parameters of a constructor: the files of these tests have them.
    private static readonly ProfileJson WithNulls = new(new JsonSerializerOptions(ProfileJson.Default.Options) { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.Never });

    /// <summary>A server that was measured with its guarantee all in use.</summary>
    /// <param name="guarantee">GiB; null: no VRAM was seen.</param>
    /// <param name="slo">p95 in seconds.</param>
    /// <param name="knee">Requests per second.</param>
    public static ProfileReport Of(string name, double? guarantee, string priority = "standard", double? slo = null, double? knee = null, double? cap = null, double? idle = null, int gpus = 1) => new()
    {
        Headroom = "0.1.0",
        StartedAt = Views.Nine,
        Seconds = 300,
        Target = new ProfileTarget(name, "http://127.0.0.1:8000", name + "-1", name),
        Request = new RequestSummary("body.json", "POST", "/predict", 812, false),
        Arrivals = new ArrivalSummary(1, 1),
        Knee = knee is { } rate ? new ProfileKnee(rate, slo ?? 0.1, 2, rate * 1.3, true) : null,
        Vram = guarantee is { } size
            ? [.. Enumerable.Range(0, gpus).Select(i => new ProfileVram(i, "NVIDIA A100-PCIE-40GB", $"GPU-{i}", 40_536 * MiB, Bytes(idle ?? size * 0.5), Bytes(size * 0.92), Bytes(idle ?? size * 0.5)))]
            : [],
        Proposal = new ProposedEntry(
            name, new ProposedMatch("composeService", name), priority, slo, null, guarantee is { } g ? Bytes(g) : null, guarantee is { } c ? Bytes(cap ?? c) : null,
            new Dictionary<string, string> { ["vram"] = "the peak and a little more" }),
    };

    public static ProfileReport Beside(this ProfileReport report, string other, double slowdown, double ofOther) =>
        report with { Beside = new ProfileInterference(other, [], [], slowdown, ofOther) };

    public static string Json(ProfileReport report) => JsonSerializer.Serialize(report, WithNulls.ProfileReport);

    private static long Bytes(double gib) => (long)(gib * GiB);
}
