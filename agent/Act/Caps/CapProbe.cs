using Headroom.Model;

namespace Headroom.Act.Caps;

/// <param name="Backend">Null: nothing enforces a cap there.</param>
internal sealed record CapChoice(ICapBackend? Backend, CapReach Reach);

/// <summary>The strongest way of capping a container on a GPU, remembered for a while. Used by one thread.</summary>
/// <param name="backends">The strongest first.</param>
internal sealed class CapProbe(IReadOnlyList<ICapBackend> backends, TimeProvider time)
{
    private static readonly TimeSpan Keep = TimeSpan.FromSeconds(30);
    /// <summary>A container that nothing can cap yet may call CUDA for the first time at any moment.</summary>
    private static readonly TimeSpan KeepNothing = TimeSpan.FromSeconds(1);

    private readonly Dictionary<(string, DateTimeOffset, string), (CapChoice Choice, MonoTime Until)> _known = [];

    public CapChoice Choose(CapTarget target)
    {
        var now = time.Mono();
        if (_known.TryGetValue(Key(target), out var known) && now < known.Until && known.Choice.Reach.Workload == target.Container.Id && known.Choice.Reach.Gpu == target.Gpu.Index)
            return known.Choice;
        foreach (var old in _known.Where(k => k.Value.Until <= now).Select(k => k.Key).ToArray())
            _known.Remove(old);
        var choice = Probe(target);
        _known[Key(target)] = (choice, now + (choice.Backend is null ? KeepNothing : Keep));
        return choice;
    }

    /// <summary>The one of that kind; null where this agent has none.</summary>
    public ICapBackend? By(CapBackend? kind) => backends.FirstOrDefault(b => b.Kind == kind);

    /// <summary>What the chosen one said: after anything but Done it is asked anew.</summary>
    public void Heard(CapTarget target, CapAnswer answer)
    {
        if (answer.Result != CapResult.Done)
            _known.Remove(Key(target));
    }

    private CapChoice Probe(CapTarget target)
    {
        var why = new List<string>();
        foreach (var backend in backends)
        {
            if (backend.WhyNot(target) is not { } reason)
                return new CapChoice(backend, Reach(backend.Kind));
            why.Add($"{Name(backend.Kind)}: {reason}");
        }
        return new CapChoice(null, Reach(CapBackend.Watch));

        CapReach Reach(CapBackend kind) => new(target.Container.Id, target.Gpu.Index, kind, why.Count > 0 ? string.Join("; ", why) : "nothing is stronger");
    }

    private static string Name(CapBackend kind) => kind switch
    {
        CapBackend.Driver => "the driver's limit",
        CapBackend.Preload => "libheadroom.so",
        CapBackend.Hami => "HAMi-core",
        _ => "watching",
    };

    private static (string, DateTimeOffset, string) Key(CapTarget target) => (target.Container.Id.InstanceId, target.Container.Id.StartedAt, target.Gpu.Uuid);
}
