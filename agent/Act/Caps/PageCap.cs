using Headroom.Model;
using Headroom.Pages;

namespace Headroom.Act.Caps;

/// <summary>Caps by libheadroom.so: a word in the container's page, obeyed at its next allocation.</summary>
internal sealed class PageCap(string procPath = "/proc") : ICapBackend
{
    public CapBackend Kind => CapBackend.Preload;

    public string? WhyNot(CapTarget target)
    {
        using var open = Open(target, out var problem);
        return problem;
    }

    public CapReading Read(CapTarget target)
    {
        using var open = Open(target, out var problem);
        return open is null ? new CapReading(null, problem)
            : !open.Gpu.IsWhole && open.Gpu.Cap != PageLayout.CapUnset ? new CapReading(null, "the cap in its page is garbage")
            : new CapReading(open.Gpu.Cap is PageLayout.CapUnset or PageLayout.CapNone ? null : (long)Math.Min(open.Gpu.Cap, long.MaxValue));
    }

    public CapAnswer Set(CapTarget target, long? bytes)
    {
        try
        {
            using var open = Open(target, out var problem);
            if (open is null)
                return new CapAnswer(CapResult.Gone, problem!);
            var cap = bytes is { } some ? (ulong)some : PageLayout.CapNone;
            open.Page.SetCap(open.Replica, open.Gpu, cap);
            var now = open.Page.Find(open.Replica.Life)?.Gpus.FirstOrDefault(g => g.Key == open.Gpu.Key);
            return now is { IsWhole: true } && now.Cap == cap
                ? new CapAnswer(CapResult.Done, bytes is null ? "its page says: no cap" : $"its page says: {bytes} bytes")
                : new CapAnswer(CapResult.Failed, "its page does not keep the cap: does something in the container write to it?");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new CapAnswer(CapResult.Failed, e.Message);
        }
    }

    private Opened? Open(CapTarget target, out string? problem)
    {
        if (!target.Container.Binds.TryGetValue(PagePlaces.PageInContainer, out var path))
        {
            problem = "it does not carry the preload library (`headroom inject` makes it)";
            return null;
        }
        var page = PageFile.TryOpen(path, out problem);
        if (page is null)
        {
            problem = $"its page {path}: {problem}";
            return null;
        }
        try
        {
            if (PageLayout.GpuKey(target.Gpu.Uuid) is not { } key || ContainerLife.Of(target.Container.Pid, procPath) is not { } life)
                problem = "its first process can't be seen: give the agent pid: host";
            else if (page.Find(life) is not { } replica)
                problem = "it carries the preload library, and none of its processes has used CUDA through it yet; one that is linked statically, clears LD_PRELOAD or runs in another's pid namespace never will";
            else if (replica.Gpus.FirstOrDefault(g => g.Key == key) is not { } gpu)
                problem = $"none of its processes has used GPU {target.Gpu.Index} through the preload library yet";
            else
                return new Opened(page, replica, gpu);
        }
        catch (IOException e)
        {
            problem = $"its page {path}: {e.Message}";
        }
        page.Dispose();
        return null;
    }

    private sealed record Opened(PageFile Page, PageReplica Replica, PageGpu Gpu) : IDisposable
    {
        public void Dispose() => Page.Dispose();
    }
}
