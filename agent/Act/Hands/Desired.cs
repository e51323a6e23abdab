using Headroom.Model;

namespace Headroom.Act.Hands;

/// <summary>What the newest plan wants of one container, with what it was decided from.</summary>
/// <param name="Seen">The container at that tick; null: it was not there, or Docker does not answer.</param>
/// <param name="DockerAnswers">The list of containers is fresh: who is not in it is no workload any more.</param>
/// <param name="IsSettled">Enough was seen since the start to give state holds back.</param>
/// <param name="GpuBytes">VRAM that it holds on its fullest GPU; null when not known.</param>
/// <param name="SmUse">SM use of its processes, 0..1 or more; null when not known.</param>
/// <param name="FreeSmUse">The same while nothing was held of it, slowly moving; null while never seen.</param>
/// <param name="OnlyKeep">Act may take nothing new (no guard, just started): state holds that are still wanted stay, compute holds are given back.</param>
internal sealed record Desired(
    WorkloadSnapshot? Seen, WantedRun? Run, IReadOnlyList<Impulse> Impulses, Mode Mode, Policy Policy,
    long PlanSeq, MonoTime PlannedAt, (int Gpu, long Bytes)? GpuBytes, double? SmUse, double? FreeSmUse, bool OnlyKeep, bool IsSettled, bool DockerAnswers)
{
    /// <summary>The state that is wanted, whoever may bring it about.</summary>
    public RunLimit Limit => Run?.Limit ?? RunLimit.Free;
}
