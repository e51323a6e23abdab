using Headroom.Interop.Linux;
using Headroom.Pages;

namespace Headroom.Observe.Ledger;

/// <summary>Which slots of a page belong to a living process. Looks at the processes of the whole host, but only when a token is not known yet or its process has ended.
/// Used by one thread.</summary>
/// <param name="procPath"><c>/proc</c> of the host's pid namespace; a test's own tree otherwise.</param>
internal sealed class LiveProcesses(string procPath = "/proc")
{
    private readonly Dictionary<(ulong Space, ulong Token), (int Pid, ulong Started)> _known = [];
    private HashSet<ulong> _spaces = [];

    /// <summary>Those of these owners that live.</summary>
    /// <param name="owners">Read from the page before this call: who came later is not in it, so nobody is taken for dead while he comes.</param>
    public HashSet<(ulong Space, ulong Token)> Of(IReadOnlyCollection<(ulong Space, ulong Token)> owners)
    {
        foreach (var (key, process) in _known.ToList())
            if (ProcessFacts.StartTimeOf(process.Pid, procPath) != process.Started || ProcessFacts.IsZombie(process.Pid, procPath))
                _known.Remove(key);
        if (owners.Any(owner => !_known.ContainsKey(owner)))
            Scan();
        return [.. owners.Where(_known.ContainsKey)];
    }

    /// <summary>Whether any process is in this pid namespace.</summary>
    public bool Has(ulong space)
    {
        if (!_spaces.Contains(space))
            Scan();
        return _spaces.Contains(space);
    }

    private void Scan()
    {
        _spaces = [];
        foreach (var pid in ProcessFacts.All(procPath))
        {
            if (ProcessFacts.PidNamespaceOf(pid, procPath) is not { } space || ProcessFacts.StartTimeOf(pid, procPath) is not { } started || ProcessFacts.PidInsideOf(pid, procPath) is not { } inside || ProcessFacts.IsZombie(pid, procPath))
                continue;
            _spaces.Add(space);
            _known[(space, PageLayout.Token(inside, started))] = (pid, started);
        }
    }
}
