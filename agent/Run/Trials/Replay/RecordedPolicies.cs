using Headroom.Model;
using Headroom.Policies;

namespace Headroom.Run.Trials.Replay;

/// <summary>The policies that were in force while ticks were recorded; their texts lie beside the ticks.</summary>
/// <param name="directory">A folder for each policy, named by its hash.</param>
internal sealed class RecordedPolicies(string directory)
{
    private readonly Dictionary<string, Policy> _known = [];

    /// <exception cref="ReplayException">Its text is not there, or is no policy for this version.</exception>
    public Policy Of(string hash)
    {
        if (_known.TryGetValue(hash, out var known))
            return known;
        var path = Path.Combine(directory, hash);
        var loaded = hash == PolicyLoader.None.Hash ? new PolicyResult(PolicyLoader.None, [])
            : Directory.Exists(path) ? PolicyLoader.Load(path)
            : throw new ReplayException($"the ticks were recorded under policy {hash}, whose text is not in {directory}; name it, or another to compare with, by --against FILE");
        return _known[hash] = loaded.Policy
            ?? throw new ReplayException($"the policy of the recorded ticks is no policy for this version: {loaded.Problems[0]}; name one to compare with by --against FILE");
    }
}

/// <summary>The input can't be replayed; says why and what instead.</summary>
internal sealed class ReplayException(string message) : Exception(message);
