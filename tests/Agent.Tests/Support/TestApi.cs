using Headroom.Export.Api;
using Headroom.Export.Api.Alerts;
using Headroom.Export.Api.Events;
using Headroom.Export.Api.Tokens;
using Headroom.Export.Metrics;
using Headroom.Model;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.Tests.Support;

/// <summary>The real endpoints with parts that a test can look at.</summary>
internal static class TestApi
{
    /// <param name="tokens">File of the tokens; null: none.</param>
    public static ApiParts Parts(
        Func<NodeView?> view, string? tokens = null, Func<AgentCommand, bool>? command = null, IReadOnlySet<string>? alerts = null,
        WebhookSignature? signature = null, TimeProvider? time = null)
    {
        time ??= TimeProvider.System;
        command ??= _ => true;
        return new ApiParts
        {
            View = view,
            Reload = () => [],
            Command = command,
            Renderer = new MetricsRenderer(false),
            Tokens = new TokenGate(tokens ?? "/nonexistent/tokens", time, NullLogger<TokenGate>.Instance),
            Alerts = new AlertIntake(() => alerts ?? new HashSet<string>(), command, signature, time),
            Events = new EventStream(time),
        };
    }
}
