using System.Globalization;
using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Cli.Top;

/// <summary>What was decided, the newest first.</summary>
internal static class TopDecisions
{
    /// <param name="most">Lines, the title among them.</param>
    public static IReadOnlyList<Line> Of(TopFrame frame, TopState state, int width, int most, TopWords words)
    {
        var room = Math.Max(0, most - 1);
        var from = Math.Clamp(state.Scroll, 0, Math.Max(0, frame.Decisions.Count - room));
        var title = new Line(width).Add(words.Say("Decisions", "决定"), "bold").Add($" {frame.Decisions.Count}");
        if (from > 0)
            title.Add($"  {words.Say("from", "从第")} {from + 1}{words.Say("", " 条起")}", "dim");
        if (frame.Decisions.Count == 0)
            return [title, Line.Of(width, words.Say("none yet", "还没有"), "dim")];
        return [title, .. frame.Decisions.Skip(from).Take(room).Select(d => One(d, frame.View?.Snapshot.Mode ?? Mode.Observe, width, words))];
    }

    public static Line One(TopDecision at, Mode most, int width, TopWords words)
    {
        var decision = at.Decision;
        var (sign, ink) = Sign(decision.Verdict);
        return new Line(width)
            .Add(at.At.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture), "dim").Add(" ").Add(sign, ink).Add(" ")
            .Add(About(decision), "bold").Add(" ").Add(What(decision, words) + Limit(decision, most, words)).Add(": ")
            .Add(decision.Reason.Sentence(words.Language)).Add($" {decision.Reason.Code}", "dim");
    }

    /// <summary>The sign says what it is, ink only helps.</summary>
    public static (string Sign, string Ink) Sign(Verdict verdict) => verdict switch
    {
        Verdict.Move => ("+", "yellow bold"),
        Verdict.Release => ("<", "green bold"),
        Verdict.Refuse => ("-", "dim"),
        _ => ("i", "blue"),
    };

    public static string What(Decision decision, TopWords words) => (decision.Verdict, decision.Lever) switch
    {
        (Verdict.Refuse, _) => words.Say("left alone", "不动"),
        (Verdict.Note, _) => words.Say("note", "提示"),
        (Verdict.Release, _) => words.Say("given back", "归还"),
        (_, { } lever) => words.Of(lever),
        _ => decision.Rule.Word(),
    };

    // Below enforce nothing of it is done.
    private static string Limit(Decision decision, Mode most, TopWords words) =>
        decision.Verdict is Verdict.Move or Verdict.Release && (Mode)Math.Min((int)decision.Mode, (int)most) < Mode.Enforce ? words.Say(" (not done)", "（未执行）") : "";

    private static string About(Decision decision) => decision.Workload ?? (decision.Gpu is { } gpu ? $"GPU {gpu}" : "node");
}
