using Headroom.Model;

namespace Headroom.Decide;

/// <summary>Who shares which GPU, by the memory that they hold. A workload that holds none now (stopped, asleep) stands where it stood last.</summary>
internal sealed class Neighbourhood
{
    private static readonly IReadOnlyList<int> Nowhere = [];

    private readonly Dictionary<string, IReadOnlyList<int>> _gpusOf = [];
    private readonly Dictionary<int, List<WorkloadSnapshot>> _on = [];
    private readonly Dictionary<string, WorkloadSnapshot> _byName = [];
    private readonly Dictionary<(string, int), GpuShare> _shares = [];

    /// <param name="last">GPUs by workload name, as <see cref="GpusOf"/> of the tick before told.</param>
    public Neighbourhood(NodeSnapshot snapshot, IReadOnlyDictionary<string, IReadOnlyList<int>> last)
    {
        var found = new Dictionary<string, List<int>>();
        foreach (var attribution in snapshot.Attribution)
            foreach (var share in attribution.Shares)
            {
                _shares[(share.InstanceId, attribution.Gpu)] = share;
                if (found.TryGetValue(share.InstanceId, out var gpus))
                    gpus.Add(attribution.Gpu);
                else
                    found[share.InstanceId] = [attribution.Gpu];
            }
        foreach (var workload in snapshot.Workloads)
        {
            var gpus = found.TryGetValue(workload.Container.Id.InstanceId, out var now) ? now : last.GetValueOrDefault(workload.Name, Nowhere);
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

    /// <summary>GPUs that any workload stands on, ascending.</summary>
    public IReadOnlyList<int> Gpus { get; }

    public IReadOnlyDictionary<string, IReadOnlyList<int>> GpusByWorkload => _gpusOf;

    public IReadOnlyList<int> GpusOf(string workload) => _gpusOf.GetValueOrDefault(workload, Nowhere);

    public IReadOnlyList<WorkloadSnapshot> On(int gpu) => _on.TryGetValue(gpu, out var there) ? there : [];

    public WorkloadSnapshot? Find(string workload) => _byName.GetValueOrDefault(workload);

    /// <summary>What it holds of the GPU now; null when it holds nothing.</summary>
    public GpuShare? ShareOf(WorkloadSnapshot workload, int gpu) => _shares.GetValueOrDefault((workload.Container.Id.InstanceId, gpu));

    public bool Meet(string one, string other)
    {
        foreach (var gpu in GpusOf(one))
            if (GpusOf(other).Contains(gpu))
                return true;
        return false;
    }
}
