using Headroom.Act.Journal;
using Headroom.Interop.Linux;
using Headroom.Model;

namespace Headroom.Act.Guarding;

/// <summary>Ends the agent for good, and gives back all compute that its journal says it holds. Each time from the journal: nothing is remembered.</summary>
internal sealed class JournalRelease(string stateDirectory, Uri docker, TimeProvider time) : IDisposable
{
    private const int Passes = 3;
    private static readonly TimeSpan DeathWithin = TimeSpan.FromSeconds(2);

    private readonly Release _release = new(docker, time);

    /// <summary>Gives back, then reads everything again until nothing had to be changed, and says in the journal what is over.</summary>
    /// <param name="agent">To be killed first, its epoch already raised; null when it is dead. While it can't die (it hangs in the kernel, where a last
    /// write may wait) nothing is marked as over: it is looked at again.</param>
    /// <param name="may">See <see cref="Release.AllAsync"/>.</param>
    /// <exception cref="IOException">The journal can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Not permitted.</exception>
    public async Task<IReadOnlyList<Released>> RunAsync(PidFd? agent, Func<bool> may, CancellationToken stop)
    {
        var survives = agent is null ? null : Kill(agent);
        var results = (await _release.AllAsync(HoldJournal.Read(stateDirectory).Holds, may, stop)).ToList();
        for (var pass = 1; pass < Passes && results.Exists(r => r.Ends); pass++)
        {
            var again = await _release.AllAsync(results.Where(r => r.Ends).Select(r => r.Hold), may, stop);
            foreach (var result in again)
                if (result.Acted || !result.Ends)
                    results[results.FindIndex(r => r.Hold.Id == result.Hold.Id)] = result;
            if (!again.Any(r => r.Acted))
                break;
        }
        return [.. results.Select(r => !r.Ends ? r : survives is null ? Mark(r) : r with { Ends = false, Words = $"{r.Words}; looked at again, for {survives}" })];
    }

    public void Dispose() => _release.Dispose();

    /// <summary>Null when it has ended, else why it lives: all is given back nevertheless.</summary>
    private static string? Kill(PidFd agent)
    {
        try
        {
            agent.Kill();
            return agent.WaitForEnd(DeathWithin) ? null : $"the killed agent has not ended within {DeathWithin.TotalSeconds} s: it hangs in the kernel";
        }
        catch (UnauthorizedAccessException e)
        {
            return $"the agent can't be killed: {e.Message}";
        }
    }

    private Released Mark(Released result)
    {
        try
        {
            HoldJournal.AppendDone(stateDirectory, result.Hold.Id, result.Words, time.GetUtcNow());
            return result;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return result with { Ends = false, Words = $"{result.Words}; the journal can't be written: {e.Message}" };
        }
    }
}
