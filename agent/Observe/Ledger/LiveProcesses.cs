using Headroom.Interop.Linux;
using Headroom.Pages;

namespace Headroom.Observe.Ledger;

/// <summary>Which slots of the pages belong to a living process, and which entries to a living container. Looks at the processes of the whole host, but only when an owner or a life
/// is asked for that it does not know, and then only once. Used by one thread.</summary>
/// <param name="procPath"><c>/proc</c> of the host's pid namespace; a test's own tree otherwise.</param>
internal sealed class LiveProcesses(string procPath = "/proc")
{
    private readonly Dictionary<(ulong Life, ulong Token), (int Pid, ulong Started)> _owners = [];
    private readonly Dictionary<ulong, (int Pid, ulong Started)> _firsts = [];

    /// <summary>Those that live of the owners and lives that stand in all pages.</summary>
    /// <param name="replicas">Read from the pages before this call: who came later is not in it, so nobody is taken for dead while he comes.</param>
    public (HashSet<(ulong Life, ulong Token)> Owners, HashSet<ulong> Lives) Of(IReadOnlyList<PageReplica> replicas)
    {
        var owners = replicas.SelectMany(r => r.Slots.Select(s => (r.Life, s.Owner))).ToHashSet();
        var lives = replicas.Select(r => r.Life).ToHashSet();
        Forget(_owners, owners);
        Forget(_firsts, lives);
        if (!owners.All(_owners.ContainsKey) || !lives.All(_firsts.ContainsKey))
            Scan(owners, lives);
        return ([.. owners.Where(_owners.ContainsKey)], [.. lives.Where(_firsts.ContainsKey)]);
    }

    /// <summary>Who is asked for no more, and who has ended.</summary>
    private void Forget<T>(Dictionary<T, (int Pid, ulong Started)> known, HashSet<T> asked) where T : notnull
    {
        foreach (var (key, process) in known.ToList())
            if (!asked.Contains(key) || ProcessFacts.StartTimeOfLiving(process.Pid, procPath) != process.Started)
                known.Remove(key);
    }

    private void Scan(HashSet<(ulong Life, ulong Token)> owners, HashSet<ulong> lives)
    {
        var spaces = lives.Select(PageLayout.NamespaceOf).ToHashSet();
        var found = new List<(ulong Space, int Inside, int Pid, ulong Started)>();
        foreach (var pid in ProcessFacts.All(procPath))
            if (ProcessFacts.PidNamespaceOf(pid, procPath) is { } space && spaces.Contains(space & uint.MaxValue)
                && ProcessFacts.StartTimeOfLiving(pid, procPath) is { } started && ProcessFacts.PidInsideOf(pid, procPath) is { } inside)
                found.Add((space, inside, pid, started));
        foreach (var first in found.Where(f => f.Inside == 1))
        {
            var life = PageLayout.Life(first.Space, first.Started);
            if (!lives.Contains(life))
                continue;
            _firsts[life] = (first.Pid, first.Started);
            foreach (var one in found.Where(f => f.Space == first.Space))
                if (owners.Contains((life, PageLayout.Token(one.Inside, one.Started))))
                    _owners[(life, PageLayout.Token(one.Inside, one.Started))] = (one.Pid, one.Started);
        }
    }
}
