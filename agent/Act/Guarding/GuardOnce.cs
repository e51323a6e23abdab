using Headroom.Interop.Linux;

namespace Headroom.Act.Guarding;

/// <summary>What came of one release by hand.</summary>
/// <param name="Refusal">Why nothing was done; null when it was.</param>
internal sealed record OnceResult(string? Refusal, IReadOnlyList<Released> Released);

/// <summary>Gives all compute back once: for systemd after the agent's end, and for a person. Leaves a healthy agent alone unless forced.</summary>
internal sealed class GuardOnce(GuardOptions options, TimeProvider clock)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    /// <param name="force">Also from an agent with a valid lease, which is ended first.</param>
    /// <exception cref="IOException">Lease or journal can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Not permitted.</exception>
    /// <exception cref="InvalidDataException">The lease is of another version.</exception>
    public async Task<OnceResult> RunAsync(bool force, CancellationToken stop)
    {
        using var agent = new AgentWatch(options.RuntimeDirectory);
        using var release = new JournalRelease(options.StateDirectory, options.Docker, clock);
        var since = clock.Nanoseconds();
        long? renewed = null;
        while (true)
        {
            agent.Map();
            var lease = agent.Look(out var sight);
            var now = clock.Nanoseconds();
            var verdict = lease is { } read ? AgentWatch.Judge(read, sight, now, now - since) : agent.Page is null ? GuardVerdict.Nobody : GuardVerdict.Leave;
            if (verdict == GuardVerdict.Leave && (!force || lease is null))
            {
                // An agent of which only an unexpired lease is left may have died just now: that is known when it has run out.
                if (lease is { } held && ((sight == AgentSight.Alive && held.IsFresh(now)) || held.Renewed != (renewed ??= held.Renewed)))
                    return new OnceResult(Alive(held), []);
                await Task.Delay(Look, clock, stop);
                continue;
            }
            if (agent.Page is not { } page || lease is not { Pid: not 0 } taken)
                return new OnceResult(null, await release.RunAsync(null, () => agent.Page?.Epoch == lease?.Epoch, stop));
            if (!page.Raise(taken.Epoch))
                continue;
            return new OnceResult(null, await release.RunAsync(sight == AgentSight.Alive ? agent.Process : null, () => page.Epoch == taken.Epoch + 1, stop));
        }
    }

    private static string Alive(LeaseReading lease) =>
        $"the agent (pid {lease.Pid}) lives and renews its lease: it gives back by itself what it no longer needs. Stop it, or use --force, which ends it first.";
}
