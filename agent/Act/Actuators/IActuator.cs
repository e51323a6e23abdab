using Headroom.Act.Hands;
using Headroom.Model;

namespace Headroom.Act.Actuators;

/// <summary>One lever on one container. The hand calls it, one call at a time a container: prepare, write the journal, take; later give back.
/// Each method proves what it did by looking, and throws only what is a bug or a cancellation.</summary>
internal interface IActuator
{
    /// <summary>What the hold's undo will be, before anything is touched; or why it can't be done here.</summary>
    Task<Preparation> PrepareAsync(Target target, CancellationToken stop);

    /// <summary>Takes, and looks whether it is so.</summary>
    Task<StepResult> TakeAsync(Target target, Hold hold, CancellationToken stop);

    /// <summary>Gives back what is still ours, and looks whether it is so. Idempotent. <see cref="OutcomeResult.Done"/> and <see cref="OutcomeResult.Drifted"/> end the hold.</summary>
    Task<StepResult> GiveBackAsync(Target target, Hold hold, CancellationToken stop);
}

/// <param name="Container">As Docker told it a moment ago; null when giving back while Docker does not answer.</param>
/// <param name="Name">The workload's.</param>
/// <param name="Desired">As it was when the step began.</param>
/// <param name="Newest">As it is now, for steps that take long.</param>
internal sealed record Target(string Name, ContainerNow? Container, Desired Desired, Func<Desired> Newest, Func<bool> MayAct);

/// <summary>Tells a server to finish what it has and waits for it; what came of it, in words that another sentence follows, empty where nothing is to be drained. Never fails.</summary>
internal delegate Task<string> Drain(Target target, CancellationToken stop);

/// <param name="Refusal">Null: it can be done.</param>
internal sealed record Preparation(Undo? Undo, string Previous, string? Refusal = null)
{
    public static Preparation Refuse(string why) => new(null, "", why);
}

/// <param name="Evidence">What was seen, or what went wrong and what to do.</param>
/// <param name="CountsAsFailure">For the breaker: the daemon or the kernel answered, and the step failed all the same.</param>
internal sealed record StepResult(OutcomeResult Result, string Evidence, bool CountsAsFailure = false)
{
    public static StepResult Done(string evidence) => new(OutcomeResult.Done, evidence);
    public static StepResult Failed(string evidence) => new(OutcomeResult.Failed, evidence, true);
    public static StepResult Unknown(string evidence) => new(OutcomeResult.Unknown, evidence);
    public static StepResult Drifted(string evidence) => new(OutcomeResult.Drifted, evidence);
    public static StepResult Refused(string evidence) => new(OutcomeResult.Refused, evidence);

    public bool EndsHold => Result is OutcomeResult.Done or OutcomeResult.Drifted;
}
