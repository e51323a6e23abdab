using System.Globalization;
using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Cli.Top;

/// <summary>What is held of one container, what its gate has done, what the plan wants of it, and how the last steps went.</summary>
internal static class TopHolds
{
    private const int MostSteps = 4;

    public static IEnumerable<(string Label, string Text)> Of(NodeView view, TopRow row, TopWords words)
    {
        var now = view.Snapshot.WallAt;
        foreach (var hold in row.Holds.OrderBy(h => h.Lever).ThenBy(h => h.Gpu))
            yield return (words.Say("held", "限制"), Hold(hold, row, now, words));
        if (row.Holds.Count == 0)
            yield return (words.Say("held", "限制"), words.Say("nothing", "没有"));
        if (row.Gate is { } gate)
            yield return (words.Say("gate", "让路"), Gate(gate, words));
        if (row.Wanted is { } wanted)
            yield return (words.Say("wanted", "想要"),
                $"{TopCells.Held(wanted.Lever, wanted.Share ?? 0, null, words)} ({wanted.Rule.Word()}, {words.Of(wanted.Mode.AtMost(view.Snapshot.Mode))}): {wanted.Reason?.Sentence(words.Language) ?? "-"}");
        foreach (var step in view.RecentOutcomes.Where(o => o.Workload.Name == row.Name).Reverse().Take(MostSteps))
            yield return (words.Say("step", "动作"),
                $"{step.At.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} {step.Step.Word()} {words.Of(step.Lever)}: {step.Result.Word()}, {step.Evidence}");
    }

    private static string Hold(Hold hold, TopRow row, DateTimeOffset now, TopWords words)
    {
        var what = hold is { Lever: Lever.Cap, CapBytes: { } cap, Gpu: { } gpu }
            ? $"{words.Of(Lever.Cap)} {Figures.Bytes(cap)}, GPU {gpu}"
            : TopCells.Held(hold.Lever, hold.Share, row.Gate, words);
        return $"{what} ({hold.Rule.Word()}), {words.Say("for", "已")} {words.Of(now - hold.Since)}"
            + (hold.Expires is { } end ? $", {words.Say("left", "剩余")} {words.Of(end - now)}" : "")
            + (hold.ShareObtained is { } obtained ? $", {words.Say("gets", "实得")} {Figures.Percent(obtained)}" : "")
            + (hold.Reason is { } reason ? $": {reason.Sentence(words.Language)} {reason.Code}" : "")
            + (hold.Stuck is { } stuck ? $"; ! {stuck}" : "");
    }

    private static string Gate(GateState gate, TopWords words)
    {
        var whole = (gate.ClosedFor + gate.OpenFor).TotalSeconds;
        return $"{(gate.Closed ? words.Say("closed now", "现在关") : words.Say("open now", "现在开"))}, {words.Say("closed", "关过")} {gate.Closures} {words.Say("times", "次")}"
            + (whole > 0 ? $", {Figures.Percent(gate.ClosedFor.TotalSeconds / whole)} {words.Say("of the time", "的时间")}" : "")
            + (gate.Starved > 0 ? $", {words.Say("ran its floor", "按最低份额运行")} {gate.Starved} {words.Say("times", "次")}" : "");
    }
}
