using Headroom.Export.Api.Alerts;
using Headroom.Export.Api.Events;
using Headroom.Export.Api.Tokens;
using Headroom.Export.Api.Web;
using Headroom.Export.Metrics;
using Headroom.Model;

namespace Headroom.Export.Api;

/// <summary>What the answers are made from.</summary>
internal sealed record ApiParts
{
    /// <summary>The view, unless it is too old to pass for current.</summary>
    public required Func<NodeView?> View { get; init; }
    /// <summary>Reads the policy again; the problems, none when it was taken.</summary>
    public required Func<IReadOnlyList<string>> Reload { get; init; }
    /// <summary>Asks something of the next tick; false when there is no room until then.</summary>
    public required Func<AgentCommand, bool> Command { get; init; }
    public required MetricsRenderer Renderer { get; init; }
    public required TokenGate Tokens { get; init; }
    public required AlertIntake Alerts { get; init; }
    public required EventStream Events { get; init; }
    /// <summary>Asked of readers of metrics; null: anybody may.</summary>
    public BasicAuth? Users { get; init; }
    /// <summary>Added to each answer over TCP.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();
}
