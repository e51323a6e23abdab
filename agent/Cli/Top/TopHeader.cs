using System.Globalization;
using Headroom.Model;

namespace Headroom.Cli.Top;

/// <summary>Which node, how far the agent goes, what time it is there, and what is wrong with the news.</summary>
internal static class TopHeader
{
    private const int MostTroubles = 3;

    public static IReadOnlyList<Line> Of(TopFrame frame, TopState state, int width, TopWords words)
    {
        var lines = new List<Line> { First(frame, state, width, words) };
        if (frame.Note is { } note)
            lines.Add(Line.Of(width, note, "dim"));
        lines.AddRange(Troubles(frame, words).Take(MostTroubles).Select(trouble => new Line(width).Add("! ", "red bold").Add(trouble, "red")));
        return lines;
    }

    private static Line First(TopFrame frame, TopState state, int width, TopWords words)
    {
        var line = new Line(width);
        // What must not be missed comes first where it is narrow.
        if (state.Paused)
            line.Add(words.Say(" PAUSED ", " 已暂停画面 "), "black on yellow").Add(" ");
        if (frame.View is not { } view)
            return line.Add("headroom top", "bold");
        var snapshot = view.Snapshot;
        line.Add(snapshot.Node, "bold").Add("  ")
            .Add(words.Of(snapshot.Mode), snapshot.Mode == Mode.Enforce ? "green bold" : "cyan bold").Add("  ")
            .Add(snapshot.WallAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)).Add(" UTC");
        if (view.Self.Simulated)
            line.Add("  ").Add(words.Say("simulated", "模拟") + (frame.Speed is { } speed ? string.Create(CultureInfo.InvariantCulture, $" x{speed:0.#}") : ""), "yellow");
        var holds = snapshot.Act.Holds.Count;
        line.Add("  ").Add(words.Say(holds == 0 ? "nothing held" : Figures.Count(holds, "hold"), holds == 0 ? "没有限制" : $"{holds} 项限制"));
        var policy = $"  {words.Say("policy", "策略")} {view.Policy.Hash}";
        return line.Width + CellText.Width(policy) <= width ? line.Add(policy, "dim") : line;
    }

    private static IEnumerable<string> Troubles(TopFrame frame, TopWords words)
    {
        if (frame.Away is { } away)
            yield return words.Say("agent away", "代理没有应答") + $" {words.Say("since", "自")} {away.Since.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} UTC ({words.Of(away.For)}): {away.Why}";
        else if (frame.IsLate)
            yield return words.Say($"the agent's last tick is {words.Of(frame.Age)} old: journalctl -u headroom", $"代理上一次读数已是 {words.Of(frame.Age)} 前：journalctl -u headroom");
        if (frame.Remark is { } remark)
            yield return remark;
        if (frame.View is not { } view)
            yield break;
        if (view.Snapshot.Act.Breaker is { } breaker)
            yield return words.Say("the breaker is open", "熔断器已打开") + $": {breaker}: headroom holds reset-breaker";
        if (view.Snapshot.Act.Limited is { } limited && view.Policy.Mode == Mode.Enforce && view.Snapshot.Mode == Mode.Recommend)
            yield return words.Say("only recommends", "只能建议") + $": {limited}";
        foreach (var source in view.Snapshot.Health.Where(s => !s.Up))
            yield return $"{source.Source}: {source.Error ?? words.Say("not read yet", "尚未读到")}";
        if (view.Policy.Problems.Count > 0)
            yield return words.Say($"the policy on disk is refused, {view.Policy.Hash} stays in force", $"磁盘上的策略有误，{view.Policy.Hash} 继续生效") + $": {view.Policy.Problems[0]}";
    }
}
