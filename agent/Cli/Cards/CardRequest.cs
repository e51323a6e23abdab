using Headroom.Model;

namespace Headroom.Cli.Cards;

/// <summary>What was asked of <c>plan card</c>, as it was written.</summary>
internal sealed record CardRequest
{
    public required IReadOnlyList<string> Profiles { get; init; }
    /// <summary><c>40GiB</c> or <c>1=40GiB</c>; empty: find out.</summary>
    public IReadOnlyList<string> Cards { get; init; } = [];
    /// <summary><c>5GiB</c> or <c>1=5GiB</c>.</summary>
    public IReadOnlyList<string> Reserves { get; init; } = [];
    public VramStrategy Strategy { get; init; } = VramStrategy.Fixed;
    public IReadOnlyList<string> Priorities { get; init; } = [];
    public IReadOnlyList<string> Rates { get; init; } = [];
    public IReadOnlyList<string> Vram { get; init; } = [];
    /// <summary>Null: to stdout.</summary>
    public string? PolicyFile { get; init; }
    public string? TestFile { get; init; }
    public bool Json { get; init; }
    public bool Force { get; init; }
    /// <summary>Where an agent may answer.</summary>
    public IReadOnlyList<string> Sockets { get; init; } = [];
}

/// <summary>Wrong usage: what, and what instead.</summary>
internal sealed class CardUsageException(string message) : Exception(message);
