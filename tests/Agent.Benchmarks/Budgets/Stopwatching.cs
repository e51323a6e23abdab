using System.Diagnostics;

namespace Headroom.Benchmarks.Budgets;

/// <summary>How long one call takes, and what it leaves to the collector.</summary>
internal static class Stopwatching
{
    public static double Microseconds(Action call)
    {
        var began = Stopwatch.GetTimestamp();
        call();
        return Stopwatch.GetElapsedTime(began).TotalMicroseconds;
    }

    /// <summary>Until the compiler has seen enough of it to compile it for good.</summary>
    public static void Warm(Action call, TimeSpan? span = null)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < (span ?? TimeSpan.FromSeconds(3)))
            call();
    }

    /// <summary>On this thread, each time.</summary>
    public static double BytesOf(Action call, int times)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < times; i++)
            call();
        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)times;
    }
}
