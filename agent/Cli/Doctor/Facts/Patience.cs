namespace Headroom.Cli.Doctor.Facts;

/// <summary>Waiting for what may never come.</summary>
internal static class Patience
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    /// <summary>Whether it came true in time.</summary>
    public static async Task<bool> WaitAsync(Func<bool> condition, TimeSpan patience, TimeProvider time, CancellationToken stop)
    {
        var started = time.GetTimestamp();
        while (!condition())
        {
            if (time.GetElapsedTime(started) > patience)
                return false;
            await Task.Delay(Look, time, stop);
        }
        return true;
    }

    /// <summary>Ends a source that was started for one look. One that hangs is left behind: it ends with the process.</summary>
    public static async Task EndAsync(Task running, CancellationTokenSource stop, TimeProvider time)
    {
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(2), time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
