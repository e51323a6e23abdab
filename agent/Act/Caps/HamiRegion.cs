using Headroom.Model;

namespace Headroom.Act.Caps;

/// <summary>Caps by HAMi-core in the container: the limit in its shared region, which it reads at each allocation. Lifting with null writes 0, with which it limits
/// nothing but also tells a card of 0 bytes: set what stood there before instead.</summary>
internal sealed class HamiRegion : ICapBackend
{
    /// <summary>Above what is held. Below it cuMemGetInfo fails in the container, and between our look and the next call its processes allocate on.</summary>
    public const long Margin = 256 << 20;

    public CapBackend Kind => CapBackend.Hami;

    public string? WhyNot(CapTarget target) => Guarded(target, (file, slot) =>
        file.Used(slot, out var why) is not { } used ? why
        : used.Processes == 0 ? "no process of the container uses HAMi-core now" : null, (words, _) => words);

    public CapReading Read(CapTarget target) => Guarded(
        target,
        (file, slot) => file.Limit(slot) switch
        {
            null => new CapReading(null, $"the region {file.Path} was cut short"),
            0 => new CapReading(null),
            > long.MaxValue and var wild => new CapReading(null, $"the region {file.Path} has a limit of {wild} bytes: damaged"),
            { } limit => new CapReading((long)limit),
        },
        (words, _) => new CapReading(null, words));

    public CapAnswer Set(CapTarget target, long? bytes)
    {
        if (bytes is { } asked)
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(asked, nameof(bytes));
        return Guarded(
            target, (file, slot) => Set(file, slot, bytes),
            (words, gone) => new CapAnswer(gone ? CapResult.Gone : CapResult.Failed, words));
    }

    private static CapAnswer Set(HamiFile file, int slot, long? bytes)
    {
        if (file.Limit(slot) is not { } before)
            return Cut(file);
        // Going up is never worse than staying.
        if (bytes is { } cap && (before == 0 || (ulong)cap < before))
        {
            if (file.Used(slot, out var why) is not { } used)
                return new CapAnswer(CapResult.Failed, $"{why}: nothing was written");
            if ((ulong)cap < used.Bytes + Margin)
                return new CapAnswer(CapResult.Failed,
                    $"HAMi-core counts {CapWords.Bytes(used.Bytes)}: below that cuMemGetInfo fails in the container, so the lowest cap now is {CapWords.Bytes(used.Bytes + Margin)}; get memory back first (sleep, restart)");
        }
        var wanted = (ulong)(bytes ?? 0);
        if (before != wanted && !file.SetLimit(slot, wanted))
            return Cut(file);
        return file.Limit(slot) is not { } after ? Cut(file)
            : after == wanted ? new CapAnswer(CapResult.Done, after == 0 ? "HAMi-core's region says: no limit" : $"HAMi-core's region says: {CapWords.Bytes(after)}")
            : new CapAnswer(CapResult.Failed, $"the region {file.Path} reads {after} after {wanted} was written: the container writes it too");
    }

    private static CapAnswer Cut(HamiFile file) => new(CapResult.Failed, $"the region {file.Path} was cut short: left alone");

    /// <param name="not">Makes an answer of what is in the way; true: the container or the region is gone.</param>
    private static T Guarded<T>(CapTarget target, Func<HamiFile, int, T> call, Func<string, bool, T> not)
    {
        var container = target.Container;
        if (!container.Runs)
            return not("the container does not run", true);
        if (target.Gpu.MigEnabled)
            return not("HAMi-core counts whole GPUs, and this one is split into MIG instances", false);
        try
        {
            using var file = HamiFile.Open(container, out var why, out var isMissing);
            if (file is null)
                return not(why!, isMissing);
            if (file.SlotOf(target.Gpu.Uuid, out why) is not { } slot)
                return not(why!, false);
            // HAMi-core takes the limit by CUDA's number of the GPU in one place and by NVML's in another (allocator.c, memory.c).
            return file.HasSeveralGpus && !string.IsNullOrEmpty(container.Environment.GetValueOrDefault("CUDA_VISIBLE_DEVICES"))
                ? not("the container has several GPUs and CUDA_VISIBLE_DEVICES: HAMi-core may number them in two ways: leave that variable out", false)
                : call(file, slot);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return not($"HAMi-core's region: {e.Message}", false);
        }
    }
}
