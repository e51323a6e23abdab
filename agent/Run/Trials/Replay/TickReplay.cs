using Headroom.Model;
using Headroom.Run.Records;

namespace Headroom.Run.Trials.Replay;

/// <summary>Two policies over the same recorded ticks. Open loop: what was read does not react to what is decided.</summary>
/// <param name="against">The base; null: the policies that were in force.</param>
internal sealed class TickReplay(RecordedPolicies recorded, Policy? against, Policy candidate)
{
    /// <summary>Past this the planner's memory is of another time.</summary>
    private static readonly TimeSpan Gap = TimeSpan.FromMinutes(1);

    private readonly PolicyOnTrial _base = new();
    private readonly PolicyOnTrial _new = new();

    /// <param name="progress">Told each tick's wall clock.</param>
    /// <exception cref="ReplayException">There are no ticks, or their policy is missing.</exception>
    public ReplayReport Run(IEnumerable<TickRecord> ticks, Action<DateTimeOffset> progress, CancellationToken stop)
    {
        NodeSnapshot? first = null, before = null;
        var (count, gaps, limited) = (0L, 0, 0L);
        foreach (var tick in ticks)
        {
            stop.ThrowIfCancellationRequested();
            var now = tick.Snapshot;
            var span = before is null ? null : Between(before, now);
            if (before is not null && span is null)
            {
                gaps++;
                _base.Restart();
                _new.Restart();
            }
            var known = span ?? TrialSetup.Tick;
            var old = against ?? recorded.Of(tick.PolicyHash);
            _base.Decide(tick, old, candidate, known);
            _new.Decide(tick, candidate, old, known);
            progress(now.WallAt);
            first ??= now;
            before = now;
            count++;
            limited += now.Act.Holds.Count > 0 ? 1 : 0;
        }
        if (first is null || before is null)
            throw new ReplayException("there is no recorded tick of that time");
        return new ReplayReport(false, first.WallAt, before.WallAt, count, _base.Tally.Result(), _new.Tally.Result())
        {
            Remarks = [.. Remarks(first.Seq, gaps, limited, count)],
        };
    }

    // Null: not the same life of the agent, or too long ago.
    private static TimeSpan? Between(NodeSnapshot before, NodeSnapshot now) =>
        now.Seq > before.Seq && now.Mono > before.Mono && now.Mono - before.Mono <= Gap ? now.Mono - before.Mono : null;

    private static IEnumerable<string> Remarks(long firstSeq, int gaps, long limited, long count)
    {
        yield return "Open loop: readings are as they were recorded and do not react to what a policy would have done; what latency would have become is not told. --simulate is a closed loop.";
        if (limited > 0)
            yield return FormattableString.Invariant($"In {100.0 * limited / count:0.#} % of the ticks the agent held something: the readings are of a node held so.");
        if (firstSeq > 1)
            yield return "The first tick is not the agent's first: rules that judge by history begin without any.";
        if (gaps > 0)
            yield return FormattableString.Invariant($"The ticks have gaps ({gaps}): after each, rules that judge by history begin anew.");
    }
}
