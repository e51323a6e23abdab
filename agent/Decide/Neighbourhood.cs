using Headroom.Model;

namespace Headroom.Decide;

/// <summary>Who shares which GPU, by the memory that they hold. A workload that holds none now (stopped, asleep) stands where it stood last.</summary>
internal sealed class Neighbourhood
{
    private static readonly IReadOnlyList<int> Nowhere = [];

    private readonly Dictionary<string, IReadOnlyList<int>> _gpusOf;
    private readonly Dictionary<int, List<WorkloadSnapshot>> _on = [];
    private readonly Dictionary<string, WorkloadSnapshot> _byName;
    private readonly Dictionary<string, List<(int Gpu, GpuShare Share)>> _sharesOf;

    /// <param name="last">GPUs by workload name, as <see cref="GpusOf"/> of the tick before told.</param>
    public Neighbourhood(NodeSnapshot snapshot, IReadOnlyDictionary<string, IReadOnlyList<int>> last)
    {
        var count = snapshot.Workloads.Count;
        var found = new Dictionary<string, List<(int Gpu, GpuShare Share)>>(count);
        foreach (var attribution in snapshot.Attribution)
            foreach (var share in attribution.Shares)
                if (found.TryGetValue(share.InstanceId, out var several))
                    several.Add((attribution.Gpu, share));
                else
                    found[share.InstanceId] = [(attribution.Gpu, share)];
        (_gpusOf, _byName, _sharesOf) = (new(count), new(count), new(count));
        var seen = snapshot.Attribution.Select(a => a.Gpu).ToHashSet();
        foreach (var workload in snapshot.Workloads)
        {
            var before = last.GetValueOrDefault(workload.Name, Nowhere);
            // Whoever runs free and holds nothing of a card that was read has left it.
            var stays = !workload.Container.Runs || snapshot.Act.Has(workload.Container.Id);
            var unseen = Unseen(before, seen);
            var gpus = stays ? before : unseen;
            if (found.TryGetValue(workload.Container.Id.InstanceId, out var shares))
            {
                _sharesOf[workload.Name] = shares;
                var held = shares.ConvertAll(s => s.Gpu);
                // On a card that does not tell who holds it, it still stands: half of a job must not look like a whole one.
                held.AddRange(unseen);
                gpus = held;
            }
            _byName[workload.Name] = workload;
            _gpusOf[workload.Name] = gpus;
            foreach (var gpu in gpus)
                if (_on.TryGetValue(gpu, out var there))
                    there.Add(workload);
                else
                    _on[gpu] = [workload];
        }
        Gpus = [.. _on.Keys.Order()];
    }

    private static IReadOnlyList<int> Unseen(IReadOnlyList<int> gpus, HashSet<int> seen)
    {
        List<int>? unseen = null;
        for (var i = 0; i < gpus.Count; i++)
            if (!seen.Contains(gpus[i]))
                (unseen ??= []).Add(gpus[i]);
        return unseen ?? Nowhere;
    }

    /// <summary>GPUs that any workload stands on, ascending.</summary>
    public IReadOnlyList<int> Gpus { get; }

    public IReadOnlyDictionary<string, IReadOnlyList<int>> GpusByWorkload => _gpusOf;

    public IReadOnlyList<int> GpusOf(string workload) => _gpusOf.GetValueOrDefault(workload, Nowhere);

    public IReadOnlyList<WorkloadSnapshot> On(int gpu) => _on.TryGetValue(gpu, out var there) ? there : [];

    public WorkloadSnapshot? Find(string workload) => _byName.GetValueOrDefault(workload);

    /// <summary>What it holds of the GPU now; null when it holds nothing.</summary>
    public GpuShare? ShareOf(WorkloadSnapshot workload, int gpu)
    {
        if (_sharesOf.TryGetValue(workload.Name, out var shares))
            foreach (var (at, share) in shares)
                if (at == gpu)
                    return share;
        return null;
    }

    public bool Meet(string one, string other)
    {
        foreach (var gpu in GpusOf(one))
            if (GpusOf(other).Contains(gpu))
                return true;
        return false;
    }
}
