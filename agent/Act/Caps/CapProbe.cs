using Headroom.Model;

namespace Headroom.Act.Caps;

internal sealed class CapProbe(IReadOnlyList<ICapBackend> backends, TimeProvider time)
{
    private readonly TimeProvider _time = time;

    public (ICapBackend? Backend, CapReach Reach) Of(CapTarget target)
    {
        var whys = new List<string>();
        foreach (var backend in backends)
            if (backend.WhyNot(target) is { } why)
                whys.Add($"{backend.Kind.Word()}: {why}");
            else
                return (backend, new CapReach(target.Container.Id, target.Gpu.Index, backend.Kind, string.Join("; ", whys)));
        return (null, new CapReach(target.Container.Id, target.Gpu.Index, CapBackend.Watch, string.Join("; ", whys)));
    }

    public ICapBackend By(CapBackend kind) => backends.First(b => b.Kind == kind);

    public void Forget(WorkloadId workload, int gpu) { _ = _time; }
}
