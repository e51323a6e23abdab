using Headroom.Containers;
using Headroom.Model;

namespace Headroom.Act.Serving;

/// <summary>What became of a part when it was last told to sleep or wake: remembered for servers that can't be asked and die of being told twice.</summary>
internal enum Told
{
    Sleeps,
    SleepsWithoutAnswer,
    Wakes,
    WakesWithoutAnswer,
}

/// <summary>What is remembered of one life of a container.</summary>
internal sealed class ServerMemory(TimeProvider time)
{
    public CallPipelines Pipelines { get; } = new(time, ServerCall.IsTrouble);
    /// <summary>By the part's name. Used by one run at a time.</summary>
    public Dictionary<string, Told> Told { get; } = [];
    /// <summary>Timestamp.</summary>
    public long Used { get; set; }
}

internal sealed class ServerMemories(TimeProvider time)
{
    // A container that nobody slept, woke or drained for so long has nothing worth remembering: its hold would have ended.
    private static readonly TimeSpan Kept = TimeSpan.FromDays(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Instance, DateTimeOffset StartedAt), ServerMemory> _memories = [];

    public ServerMemory Of(WorkloadId id)
    {
        var key = (id.InstanceId, id.StartedAt);
        lock (_lock)
        {
            if (!_memories.TryGetValue(key, out var memory))
            {
                foreach (var (old, unused) in _memories.ToList())
                    if (time.GetElapsedTime(unused.Used) > Kept)
                        _memories.Remove(old);
                _memories[key] = memory = new ServerMemory(time);
            }
            memory.Used = time.GetTimestamp();
            return memory;
        }
    }
}
