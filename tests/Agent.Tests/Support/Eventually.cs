namespace Headroom.Tests.Support;

/// <summary>Waits for a condition instead of for a time.</summary>
internal static class Eventually
{
    /// <summary>Far beyond what a loaded machine needs; reached only when the condition never comes.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    public static Task TrueAsync(Func<bool> condition, string what) => TrueAsync(() => Task.FromResult(condition()), what);

    public static async Task TrueAsync(Func<Task<bool>> condition, string what)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > Deadline)
                Assert.Fail($"never happened: {what}");
            await Task.Delay(5);
        }
    }
}
