using Headroom.Act.Actuators;
using Headroom.Act.Freezing;
using Headroom.Model;

namespace Headroom.Act.Gates;

/// <param name="Problem">Null: it can have a gate there.</param>
internal sealed record GatePlace(FreezeTarget? Target, Undo? Undo, string? Problem);

/// <summary>Where the gate of a container is.</summary>
/// <param name="locate">Where the freezer of a container is, by its first process; or why it can't be used.</param>
/// <param name="gather">Moves the container's processes into our cell; what is in the way, null when done.</param>
/// <param name="settle">Brings in what has appeared since and is there to stay.</param>
/// <param name="launch">Where libheadroom obeys in it; or why not.</param>
internal sealed class GatePlaces(Func<ContainerSample, FreezerPlace> locate, Func<FreezeTarget, string?> gather, Func<FreezeTarget, string?> settle, Func<ContainerSample, LaunchPlace> launch)
{
    public GatePlace Of(ContainerSample container, GateVia via)
    {
        if (container.State != ContainerState.Running)
            return new(null, null, container.State == ContainerState.Paused ? "somebody paused it: it is theirs" : $"it does not run ({container.State})");
        if (via == GateVia.Launch)
        {
            var held = launch(container);
            return held.Target is { } page ? new(page, new Undo(UndoKind.RunsOut, page.Folder, Value: held.Life), null) : new(null, null, held.Problem);
        }
        var (found, problem) = locate(container);
        if (found is null)
            return new(null, null, problem);
        var cell = FreezeCell.In(found);
        return new(cell, new Undo(UndoKind.WriteIfOurs, cell.File, cell.Frozen, cell.Thawed), null);
    }

    /// <summary>Why launches can't be held back in it; null: they can.</summary>
    public string? WhyNoLaunch(ContainerSample container) => launch(container).Problem;

    /// <summary>Brings all in, the first time; what is in the way, null when all is in.</summary>
    public string? Gather(FreezeTarget target) => target.Launch is null ? gather(target) : null;

    /// <summary>The same of what has appeared since and is there to stay.</summary>
    public string? Settle(FreezeTarget target) => target.Launch is null ? settle(target) : null;

    /// <summary>Where a hold's gate is, from its undo.</summary>
    public static FreezeTarget Of(Hold hold, string? group) => hold.Undo is { Kind: UndoKind.RunsOut } undo
        ? FreezeTarget.OfLaunches(hold.Workload.InstanceId, undo.Target, undo.Value!)
        : FreezeActuator.PlaceOf(hold, group);
}

/// <summary>One of both.</summary>
/// <param name="Life">Of the container, as its page names it.</param>
internal readonly record struct LaunchPlace(FreezeTarget? Target, string? Life, string? Problem);
