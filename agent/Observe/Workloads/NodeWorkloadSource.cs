using Headroom.Containers;
using Headroom.Model;

namespace Headroom.Observe.Workloads;

/// <summary>All workloads of this server: Docker's containers and the process groups of <c>headroom exec</c>.</summary>
/// <param name="docker">Null: there is no Docker here (<c>--docker off</c>).</param>
internal sealed class NodeWorkloadSource(IWorkloadSource? docker, ProcessGroups groups, TimeProvider time) : IWorkloadSource
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly LatestCell<WorkloadSweep> _alone = new();
    private IReadOnlyList<ContainerSample> _groups = [];
    private (Latest<WorkloadSweep> Docker, IReadOnlyList<ContainerSample> Groups, Latest<WorkloadSweep> Joined)? _last;

    /// <summary>As new as Docker's own; the groups are a second old at most.</summary>
    public Latest<WorkloadSweep> Latest
    {
        get
        {
            if (docker is null)
                return _alone.Value;
            lock (_lock)
            {
                var (containers, plain) = (docker.Latest, _groups);
                if (_last is not { } last || last.Docker != containers || last.Groups != plain)
                    _last = last = (containers, plain, Join(containers, plain));
                return last.Joined;
            }
        }
    }

    public async Task RunAsync(CancellationToken stop)
    {
        var others = docker?.RunAsync(stop) ?? Task.CompletedTask;
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            do
            {
                var began = time.Mono();
                var found = groups.List();
                // The same list when there is nothing new: then nothing has to be joined anew.
                lock (_lock)
                    if (found.Count > 0 || _groups.Count > 0)
                        _groups = found;
                if (docker is null)
                    _alone.Value = _alone.Value.Success(new WorkloadSweep(null, Named(found, [])), began, time.Mono());
            }
            while (!(docker is not null && others.IsCompleted) && await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException)
        {
            // asked to stop
        }
        await others;
    }

    private static Latest<WorkloadSweep> Join(Latest<WorkloadSweep> docker, IReadOnlyList<ContainerSample> groups) =>
        groups.Count == 0 || docker.Sample is not { } sweep ? docker
            : docker with { Sample = sweep with { Containers = [.. sweep.Containers.Concat(Named(groups, sweep.Containers)).OrderBy(c => c.Name, StringComparer.Ordinal)] } };

    // No two workloads have one name; a container keeps its own.
    private static List<ContainerSample> Named(IReadOnlyList<ContainerSample> groups, IReadOnlyList<ContainerSample> containers)
    {
        var taken = containers.Select(c => c.Name).ToHashSet();
        return [.. groups.OrderBy(g => g.Id.StartedAt).Select(g => taken.Add(g.Name) ? g : g with { Id = g.Id with { Name = $"{g.Name}-{WorkloadId.Short(g.Id.InstanceId)}" } })];
    }
}
