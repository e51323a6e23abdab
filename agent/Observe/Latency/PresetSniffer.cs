using System.Text;
using Headroom.Model;

namespace Headroom.Observe.Latency;

/// <summary>Tells by the names in an exposition which presets fit it; fed like a parser. Names in comments count too: many servers announce
/// a family before its first series. No match on a good answer means "not yet" or "not known", never "no model server".</summary>
internal sealed class PresetSniffer : LineParser
{
    /// <summary>One of <see cref="PresetDetection.Prefixes"/>: words that must all be seen.</summary>
    private sealed record Clue(Preset Preset, byte[][] Words)
    {
        public bool[] Seen { get; } = new bool[Words.Length];
    }

    private readonly List<Clue> _clues = [];

    public PresetSniffer(IReadOnlyList<Preset> presets)
    {
        foreach (var preset in presets.Where(p => p.Format == PresetFormat.Prometheus))
        {
            foreach (var prefix in preset.Detect.Prefixes)
            {
                var words = prefix.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words.Length > 0)
                    _clues.Add(new Clue(preset, [.. words.Select(Encoding.UTF8.GetBytes)]));
            }
        }
    }

    /// <summary>What fits what was fed so far, best first.</summary>
    public IReadOnlyList<Preset> Matches() =>
        [.. _clues.Where(c => Array.TrueForAll(c.Seen, s => s)).Select(c => c.Preset).Distinct().OrderBy(PresetOrder.ByNames)];

    protected override void Line(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("# TYPE "u8) || line.StartsWith("# HELP "u8))
            line = line[7..];
        line = line.TrimStart(" \t"u8);
        if (line.IsEmpty || line[0] == '#')
            return;
        foreach (var clue in _clues)
        {
            for (var i = 0; i < clue.Words.Length; i++)
            {
                if (!clue.Seen[i] && line.StartsWith(clue.Words[i]))
                    clue.Seen[i] = true;
            }
        }
    }
}
