using Headroom.Policies.Yaml;

namespace Headroom.Policies;

/// <summary>Collects what is wrong, so that a person sees all of it at once.</summary>
internal sealed class Problems
{
    /// <summary>More help nobody; a file of another kind makes thousands.</summary>
    public const int Max = 50;

    private readonly List<PolicyProblem> _kept = [];
    private PolicyProblem? _firstLeftOff;

    /// <summary>All that were found, kept or not.</summary>
    public int Count { get; private set; }

    /// <summary>Further ones are only counted: no need to word them well.</summary>
    public bool Full => _kept.Count >= Max;

    public void Add(Place at, string message)
    {
        Count++;
        var problem = new PolicyProblem(at.File, at.Line, at.Column, message);
        if (Full)
            _firstLeftOff ??= problem;
        else
            _kept.Add(problem);
    }

    /// <summary>A word that is none of <paramref name="allowed"/>: the nearest one is offered, else all.</summary>
    public void AddUnknown(Place at, string what, string word, IReadOnlyCollection<string> allowed) =>
        Add(at, Full ? what : $"{what} {Wording.Quote(word)}; {Wording.Instead(word, allowed)}");

    /// <summary>In the order of the files, lines and columns.</summary>
    public IReadOnlyList<PolicyProblem> ToList()
    {
        var sorted = _kept.OrderBy(p => p.File, StringComparer.Ordinal).ThenBy(p => p.Line).ThenBy(p => p.Column).ToList();
        if (_firstLeftOff is { } left)
            sorted.Add(left with { Message = $"and {Count - _kept.Count} more mistakes, the first of them here" });
        return sorted;
    }
}
