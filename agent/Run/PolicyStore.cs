using Headroom.Model;
using Headroom.Policies;
using Microsoft.Extensions.Logging;

namespace Headroom.Run;

/// <summary>The policy that holds, and how the last reload went: one reference, so that a tick never sees half of a reload.</summary>
internal sealed record PolicyInForce(Policy Policy, PolicyStatus Status);

/// <summary>Holds the policy and reads it again when its text changes, on SIGHUP and on <c>POST /-/reload</c>. A bad one changes nothing but what is told.</summary>
/// <remarks>Changes are found by content, not by file events: editors rename, configuration tools swap links, and network folders send no events.</remarks>
internal sealed partial class PolicyStore(string? path, Policy first, TimeProvider time, ILogger<PolicyStore> log)
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    private readonly Lock _reloading = new();
    private PolicyInForce _current = new(first, new PolicyStatus(first.Hash, first.Files, first.Mode, time.GetUtcNow()) { Vram = first.Vram });
    private string? _tried = path is null ? null : PolicyLoader.Fingerprint(path);

    public PolicyInForce Current => Volatile.Read(ref _current);

    /// <summary>Tells what is right in the policy and may still surprise.</summary>
    public void Advise()
    {
        foreach (var advice in PolicyAdvice.Of(Current.Policy))
            LogAdvice(log, advice);
    }

    /// <summary>Looks every two seconds. A text must stand still for one look before it is read: an editor may be writing it.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            if (path is null)
                await Task.Delay(Timeout.InfiniteTimeSpan, time, stop);
            using var timer = new PeriodicTimer(Look, time);
            for (var before = _tried; await timer.WaitForNextTickAsync(stop);)
            {
                var now = PolicyLoader.Fingerprint(path!);
                if (now == before && now != Volatile.Read(ref _tried))
                    Reload();
                before = now;
            }
        }
        catch (OperationCanceledException)
        {
            // asked to stop
        }
    }

    /// <summary>Reads the policy now. The problems, none when it holds from now on.</summary>
    public IReadOnlyList<PolicyProblem> Reload()
    {
        if (path is null)
            return [];
        lock (_reloading)
        {
            Volatile.Write(ref _tried, PolicyLoader.Fingerprint(path));
            var result = PolicyLoader.Load(path);
            var status = Current.Status with { Reloads = Current.Status.Reloads + 1, Problems = [.. result.Problems.Select(p => p.ToString())] };
            if (result.Policy is { } policy)
            {
                status = status with { Hash = policy.Hash, Files = policy.Files, Mode = policy.Mode, LoadedAt = time.GetUtcNow(), Vram = policy.Vram };
                Volatile.Write(ref _current, new PolicyInForce(policy, status));
                LogReloaded(log, policy.Hash, policy.Workloads.Count, policy.Mode);
                Advise();
            }
            else
            {
                Volatile.Write(ref _current, Current with { Status = status with { ReloadFailures = status.ReloadFailures + 1 } });
                LogRefused(log, result.Problems.Count, Current.Status.Hash, string.Join("; ", result.Problems.Take(5)));
            }
            return result.Problems;
        }
    }

    [LoggerMessage(1301, LogLevel.Information, "Policy {Hash} is in force: {Workloads} workloads, mode {Mode}")]
    private static partial void LogReloaded(ILogger log, string hash, int workloads, Mode mode);

    [LoggerMessage(1303, LogLevel.Warning, "{Advice}")]
    private static partial void LogAdvice(ILogger log, string advice);

    [LoggerMessage(1302, LogLevel.Error, "The policy on disk has {Count} problem(s) and is refused; policy {Hash} stays in force: {Problems}")]
    private static partial void LogRefused(ILogger log, int count, string hash, string problems);
}
