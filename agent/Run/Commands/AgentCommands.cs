using Headroom.Model;

namespace Headroom.Run.Commands;

/// <summary>What was asked since the last tick: any number of writers, one reader, bounded. Nobody ever waits here.</summary>
internal sealed class AgentCommands
{
    public const int Most = 4096;
    /// <summary>Room that alerts leave free: a flood of them must not keep a person from <c>holds release</c>.</summary>
    public const int KeptForPeople = 96;

    private readonly Lock _gate = new();
    private List<AgentCommand> _waiting = [];

    /// <summary>False when there is no room: ask again after the next tick.</summary>
    public bool TryWrite(AgentCommand command)
    {
        lock (_gate)
        {
            if (_waiting.Count >= (command.IsAlert ? Most - KeptForPeople : Most))
                return false;
            _waiting.Add(command);
            return true;
        }
    }

    /// <summary>All that waits, the oldest first; it no longer waits then.</summary>
    public IReadOnlyList<AgentCommand> Drain()
    {
        lock (_gate)
        {
            if (_waiting.Count == 0)
                return [];
            var drained = _waiting;
            _waiting = [];
            return drained;
        }
    }
}
