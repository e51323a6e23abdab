using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Headroom.Testing;

/// <summary>Waits for a condition instead of a time. Fails with a <see cref="TimeoutException"/> that says what never came true.</summary>
internal static class Eventually
{
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);

    public static void True(
        Func<bool> condition, TimeSpan? within = null, [CallerArgumentExpression(nameof(condition))] string what = "", TimeSpan? look = null)
    {
        using var pause = new ManualResetEventSlim();
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > (within ?? DefaultDeadline))
                throw Late(what, clock.Elapsed);
            pause.Wait(look ?? Poll);
        }
    }

    public static async Task TrueAsync(
        Func<bool> condition, TimeSpan? within = null, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > (within ?? DefaultDeadline))
                throw Late(what, clock.Elapsed);
            await Task.Delay(Poll);
        }
    }

    public static async Task TrueAsync(
        Func<Task<bool>> condition, TimeSpan? within = null, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > (within ?? DefaultDeadline))
                throw Late(what, clock.Elapsed);
            await Task.Delay(Poll);
        }
    }

    /// <summary>Reads until the value is as expected; the failure names the last one.</summary>
    public static void Equal<T>(
        T expected, Func<T> actual, TimeSpan? within = null, [CallerArgumentExpression(nameof(actual))] string what = "")
    {
        using var pause = new ManualResetEventSlim();
        var clock = Stopwatch.StartNew();
        for (var last = actual(); !EqualityComparer<T>.Default.Equals(last, expected); last = actual())
        {
            if (clock.Elapsed > (within ?? DefaultDeadline))
                throw Late($"{what} to be {expected}, last it was {last}", clock.Elapsed);
            pause.Wait(Poll);
        }
    }

    private static TimeoutException Late(string what, TimeSpan waited) => new($"Waited {waited.TotalSeconds:0.0} s for {what}");
}
