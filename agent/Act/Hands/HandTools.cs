using Headroom.Act.Actuators;
using Headroom.Act.Freezing;
using Headroom.Act.Journal;
using Headroom.Model;
using Microsoft.Extensions.Logging;

namespace Headroom.Act.Hands;

/// <summary>What all hands share.</summary>
/// <param name="MayAct">Whether this agent still holds its lease; asked before each effect.</param>
internal sealed record HandTools(
    HoldJournal Journal, Budgets Budgets, Breaker Breaker, IContainerLook Look, IFreezer Freezer, FreezeActuator Freeze, IReadOnlyDictionary<Lever, IActuator> Actuators,
    RestartActuator Restarts, OutcomeLog Outcomes, Func<bool> MayAct, Permission Permission, CrashPoints Crash, TimeProvider Time, ILogger Log);
