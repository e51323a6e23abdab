using System.Text.Json;

namespace Headroom.Act.Serving;

/// <summary>How one kind of server is put to sleep and woken: data for <see cref="ServerLevers"/>.</summary>
internal sealed record SleepRecipe
{
    /// <summary>The preset that detects it; also the server's name in a <see cref="WakeRecipe"/>.</summary>
    public required string Server { get; init; }
    /// <summary>Further presets of the same server.</summary>
    public IReadOnlyList<string> AlsoAs { get; init; } = [];
    /// <summary>Where it takes such requests when nothing tells.</summary>
    public required int Port { get; init; }
    /// <summary>Flags and variables that carry that port.</summary>
    public IReadOnlyList<string> PortFlags { get; init; } = [];
    /// <summary>It is not the port of its metrics or its requests, so those say nothing of it.</summary>
    public bool OwnPort { get; init; }
    /// <summary>What must be set at its start, and what else it costs: for people.</summary>
    public required string Needs { get; init; }
    /// <summary>What happens to requests in flight, and to those that come while it sleeps: for people.</summary>
    public required string Requests { get; init; }
    /// <summary>What is missing at its start, as advice; null when nothing is.</summary>
    public Func<ServerStart, string?> Missing { get; init; } = _ => null;
    /// <summary>What there is to put to sleep, where the server can't be asked for it.</summary>
    public Func<ServerStart, IReadOnlyList<SleptPart>> Parts { get; init; } = _ => [SleptPart.WholeServer];
    /// <summary>Asks the server which parts sleep; null where it can't tell.</summary>
    public Func<ServerCall, CancellationToken, Task<ServerSight>>? Look { get; init; }
    /// <summary>The parts are models, which people may add and delete meanwhile.</summary>
    public bool PartsAreModels { get; init; }
    /// <summary>The server lists what is loaded, and nothing else.</summary>
    public bool ListsLoadedOnly { get; init; }
    /// <summary>Once, before the first part.</summary>
    public ServerRequest? Before { get; init; }
    public required Func<SleptPart, ServerRequest> Sleep { get; init; }
    /// <summary>Null: it wakes by itself when it is used.</summary>
    public Func<SleptPart, ServerRequest>? Wake { get; init; }
    /// <summary>Once, after the last part is awake: undoes <see cref="Before"/>.</summary>
    public ServerRequest? After { get; init; }
    /// <summary>A part that is awake must never be woken: it ends the server.</summary>
    public bool WakesOnce { get; init; }
    /// <summary>What a good answer must say; null: its status is enough. Gives the complaint.</summary>
    public Func<JsonElement, string?>? SleepSays { get; init; }
    public TimeSpan SleepWithin { get; init; } = TimeSpan.FromMinutes(1);
    public TimeSpan WakeWithin { get; init; } = TimeSpan.FromMinutes(2);

    public bool IsFor(string preset) => Server == preset || AlsoAs.Contains(preset);

    /// <summary>Adds what to set where an answer means that it was not set.</summary>
    public string Explained(ServerReply reply) => reply switch
    {
        { Status: 401 or 403 } => $"{reply.Words}: it asks for credentials, and Headroom has none",
        { Status: 404 or 405 or 501 } => $"{reply.Words}: {Server} needs {Needs}",
        _ => reply.Words,
    };
}

internal enum PartPhase
{
    Awake,
    Asleep,
    /// <summary>On the way to one of them.</summary>
    Between,
}

/// <param name="OnGpu">It holds VRAM while it is awake.</param>
internal sealed record PartState(SleptPart Part, PartPhase Phase, bool OnGpu = true);

/// <summary>What a server said of its parts.</summary>
/// <param name="Trouble">Why it could not be looked at; null when it was.</param>
internal sealed record ServerSight(IReadOnlyList<PartState> Parts, ServerReply? Trouble = null)
{
    /// <summary>Null: it is not there.</summary>
    public PartPhase? PhaseOf(SleptPart part) => Parts.FirstOrDefault(p => p.Part.IsSame(part))?.Phase;
}
