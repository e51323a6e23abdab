using Headroom.Act.Journal;
using Headroom.Model;

namespace Headroom.Act;

/// <summary>Whether a restart helped: the workload must come back and hold clearly less VRAM than before. Asked on each tick; a restart that did not help is not repeated.</summary>
internal sealed class RestartTrials(Budgets budgets, TimeProvider time)
{
    /// <summary>Requests have come again by then, and with them the working memory.</summary>
    private static readonly TimeSpan Settles = TimeSpan.FromMinutes(2);
    /// <summary>One that has not come back by then was not helped.</summary>
    private static readonly TimeSpan AtMost = TimeSpan.FromMinutes(30);
    private const double HelpedBelow = 0.9;

    /// <param name="UpSince">When its new life was seen first.</param>
    private sealed record Trial(long BytesBefore, WorkloadId Before, MonoTime At, MonoTime? UpSince);

    private readonly Dictionary<string, Trial> _trials = [];

    /// <summary>What it holds on all GPUs, before it is restarted.</summary>
    public void Begin(Impulse impulse, NodeSnapshot snapshot)
    {
        if (impulse.Kind == ImpulseKind.Restart && !_trials.ContainsKey(impulse.Key) && BytesOf(snapshot, impulse.Workload.InstanceId) is > 0 and var bytes)
            _trials[impulse.Key] = new Trial(bytes, impulse.Workload, time.Mono(), null);
    }

    public void Judge(NodeSnapshot snapshot)
    {
        if (_trials.Count == 0)
            return;
        var now = time.Mono();
        foreach (var (key, trial) in _trials.ToList())
        {
            var done = budgets.Impulses.FirstOrDefault(i => i.Key == key);
            if (done is not { Helped: null })
            {
                // Judged, or never done: what was wanted then may not be wanted any more.
                if (done is not null || now - trial.At > AtMost)
                    _trials.Remove(key);
                continue;
            }
            var workload = snapshot.Workloads.FirstOrDefault(w => w.Container.Id.InstanceId == trial.Before.InstanceId);
            var isUp = workload is not null && workload.Container.State == ContainerState.Running && !workload.Container.Id.IsSameLife(trial.Before);
            var since = isUp ? trial.UpSince ?? now : (MonoTime?)null;
            _trials[key] = trial with { UpSince = since };
            if (since is { } up && now - up >= Settles && BytesOf(snapshot, trial.Before.InstanceId) is { } bytes)
                End(key, bytes < HelpedBelow * trial.BytesBefore);
            else if (now - trial.At > AtMost)
                End(key, false);
        }
    }

    private void End(string key, bool helped)
    {
        _trials.Remove(key);
        try
        {
            budgets.Judge(key, helped);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not known, then: the budget still stands between two restarts.
        }
    }

    // Null where no GPU answers: nothing is judged by what is not known.
    private static long? BytesOf(NodeSnapshot snapshot, string id) =>
        snapshot.Attribution.Count == 0 ? null : snapshot.SharesOf(id).Sum(s => s.Share.UsedBytes);
}
