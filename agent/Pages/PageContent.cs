namespace Headroom.Pages;

/// <summary>What stands in one page of one container. Written by the container's own processes: any value may be wrong.</summary>
/// <param name="Index">Of 16.</param>
/// <param name="Life">See <see cref="PageLayout.Life"/>.</param>
internal sealed record PageReplica(int Index, ulong Life, IReadOnlyList<PageGpu> Gpus, IReadOnlyList<PageSlot> Slots);

/// <param name="Cap">Bytes; <see cref="PageLayout.CapUnset"/>, <see cref="PageLayout.CapNone"/>.</param>
/// <param name="IsWhole">The check word fits the cap.</param>
internal sealed record PageGpu(int Index, ulong Key, ulong Cap, bool IsWhole, ulong Overhead);

/// <summary>One process.</summary>
/// <param name="Owner">See <see cref="PageLayout.Token"/>.</param>
/// <param name="IsReady">Its books count.</param>
/// <param name="Books">One entry a GPU of the replica, by the same index.</param>
/// <param name="Framework">Words of enum hr_framework.</param>
internal sealed record PageSlot(int Index, ulong Owner, bool IsReady, IReadOnlyList<PageBook> Books, IReadOnlyList<ulong> Framework);

/// <summary>Bytes and counts as in struct hr_book.</summary>
internal readonly record struct PageBook(
    ulong Used, ulong Asking, ulong Plain, ulong Pitch, ulong Managed, ulong Pool, ulong Virtual, ulong Array, ulong Graph,
    ulong Segments, ulong HighWater, ulong Allocations, ulong Frees, ulong Refused, ulong RefusedByDriver, ulong RefusedWhileFree, ulong LastRefused);
