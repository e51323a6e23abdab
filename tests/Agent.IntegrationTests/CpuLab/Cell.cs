using System.Globalization;
using System.Text.Json.Serialization;

namespace Headroom.IntegrationTests.CpuLab;

/// <summary>Who cares for the server.</summary>
internal enum Arm
{
    /// <summary>No batch work at all.</summary>
    Isolated,
    /// <summary>The kernel alone: half of the core each while both want it.</summary>
    Unmanaged,
    /// <summary>Batch runs a quarter of the time, whatever the server does.</summary>
    Duty,
    /// <summary>Shares by measured latency.</summary>
    LatencyGuard,
    /// <summary>Batch runs while no request is in flight.</summary>
    Gate,
}

/// <summary>What clients ask for.</summary>
/// <param name="WorkSeconds">CPU time of one.</param>
internal sealed record Service(string Name, string Path, double WorkSeconds)
{
    public static readonly IReadOnlyList<Service> All =
    [
        new("20ms", "generate?ms=20", 0.02),
        new("stream", "stream?tokens=10&ms=5", 0.05),
        new("200ms", "generate?ms=200", 0.2),
        new("1000ms", "generate?ms=1000", 1),
    ];

    public static Service Named(string name) => All.First(s => s.Name == name);
}

internal enum Arrivals { Poisson, Bursty }

/// <summary>One measurement. Names, not objects: it is a key in the file of results.</summary>
/// <param name="Load">Work that arrives, as part of what the core can do, 0..1.</param>
/// <param name="Repeat">From 1.</param>
/// <param name="Seconds">Length of the arrivals.</param>
internal sealed record Cell(string Service, Arrivals Arrivals, double Load, int Repeat, Arm Arm, double Seconds)
{
    /// <summary>That of the Azure LLM trace "code" of 2023 (github.com/Azure/AzurePublicDataset): gaps vary by 13.2.</summary>
    public const double BurstyVariation = 13;

    /// <summary>Requests a second.</summary>
    [JsonIgnore]
    public double Rate => Load / CpuLab.Service.Named(Service).WorkSeconds;

    /// <summary>The same in every arm of a repeat: the same arrivals, to be compared one by one.</summary>
    [JsonIgnore]
    public int Seed => Repeat * 1000 + CpuLab.Service.All.ToList().FindIndex(s => s.Name == Service) * 100 + (int)Arrivals * 50 + (int)Math.Round(Load * 10);

    /// <summary>The same arrivals without batch work.</summary>
    public Cell Alone() => this with { Arm = Arm.Isolated };

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Service} {Arrivals} load {Load} {Arm} repeat {Repeat} ({Seconds:0} s)");
}
