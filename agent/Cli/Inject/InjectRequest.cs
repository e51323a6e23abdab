using Headroom.Cli.Inject.Compose;

namespace Headroom.Cli.Inject;

/// <summary>What the user asked <c>inject</c> for.</summary>
internal sealed record InjectRequest
{
    public required string File { get; init; }
    public IReadOnlyList<string> Services { get; init; } = [];
    public bool AllGpuServices { get; init; }
    /// <summary>Null: as compose will call it.</summary>
    public string? Project { get; init; }
    public ManagedMemory Managed { get; init; }
    public bool PrintOnly { get; init; }
    public required string StateDirectory { get; init; }
    public required Uri Docker { get; init; }
}
