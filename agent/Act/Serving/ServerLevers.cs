using Headroom.Containers;
using Headroom.Model;

namespace Headroom.Act.Serving;

/// <summary>What is asked of a model server itself: sleep (its VRAM is given back, its container runs on), wake, finish what it has.
/// Reports what the server said; whether the VRAM came back is the driver's to tell. One call at a time per container.</summary>
internal sealed class ServerLevers(TimeProvider time)
{
    private const string Unreadable = "the recipe to wake it can't be read: restart the container to wake it";

    private readonly ServerMemories _memories = new(time);

    /// <summary>Whether this server can be put to sleep, by how it was started. Asks nobody.</summary>
    /// <param name="preset">That it was detected as; null: not detected.</param>
    public static SleepSupport Supports(ContainerSample container, string? preset)
    {
        if (preset is null)
            return new SleepSupport(false, "nothing tells which model server it is: set `headroom.metrics`");
        if (SleepRecipes.Of(preset) is not { } recipe)
            return new SleepSupport(false, $"{preset} is not put to sleep: {SleepRecipes.Never.GetValueOrDefault(preset, "Headroom knows no way")}");
        return recipe.Missing(new ServerStart(container)) is { } missing
            ? new SleepSupport(false, $"{recipe.Server} can't sleep as it was started: {missing}")
            : new SleepSupport(true, $"{recipe.Server} sleeps by its own endpoint");
    }

    /// <summary>What would be put to sleep: its <see cref="ServerAnswer.WakeRecipe"/> goes into the journal before <see cref="SleepAsync(ContainerSample, string, CancellationToken)"/>.
    /// Changes nothing. Refused where nothing is awake: then somebody else put it to sleep, and it is not ours to wake.</summary>
    /// <param name="port">Where its requests arrive, or its metrics are; null: as its command line or its kind says.</param>
    public async Task<ServerAnswer> PrepareAsync(ContainerSample container, string? preset, int? port, CancellationToken stop)
    {
        var support = Supports(container, preset);
        if (!support.Can)
            return new ServerAnswer(ServerResult.Refused, support.Why);
        if (NotRunning(container) is { } why)
            return new ServerAnswer(ServerResult.Refused, why);
        var recipe = SleepRecipes.Of(preset!)!;
        var start = new ServerStart(container);
        var there = (recipe.OwnPort ? null : port) ?? start.Port(recipe.PortFlags) ?? recipe.Port;
        if (recipe.Look is null)
            return Ready(new WakeRecipe(recipe.Server, there, recipe.Parts(start)));
        var sight = await recipe.Look(Call(container, there), stop);
        if (sight.Trouble is { } trouble)
            return new ServerAnswer(trouble.Result, recipe.Explained(trouble));
        List<SleptPart> awake = [.. sight.Parts.Where(p => p.Phase == PartPhase.Awake && p.OnGpu).Select(p => p.Part)];
        return awake.Count > 0 ? Ready(new WakeRecipe(recipe.Server, there, awake))
            : new ServerAnswer(ServerResult.Refused,
                recipe.PartsAreModels ? "no model is loaded on a GPU: nothing to give back" : "it sleeps already, and not by Headroom: left as it is");
    }

    /// <summary>Puts to sleep what the recipe names; what sleeps already stays so. Cancelling in the middle leaves it in the middle.</summary>
    /// <returns>Done only when the server says so where it can be asked. Its recipe, when there is one, holds what may be asleep now: it replaces the one given.</returns>
    public async Task<ServerAnswer> SleepAsync(ContainerSample container, string recipe, CancellationToken stop)
    {
        if (Known(recipe) is not { } known)
            return new ServerAnswer(ServerResult.Failed, Unreadable);
        if (NotRunning(container) is { } why)
            return new ServerAnswer(ServerResult.Refused, why);
        return await new SleepRun(known.How, known.What, Talk(container, known), time).RunAsync(stop);
    }

    /// <summary>Both at once, for those who keep no journal.</summary>
    public async Task<ServerAnswer> SleepAsync(ContainerSample container, string? preset, int? port, CancellationToken stop)
    {
        var ready = await PrepareAsync(container, preset, port, stop);
        return ready.WakeRecipe is { } recipe ? await SleepAsync(container, recipe, stop) : ready;
    }

    /// <summary>Wakes what the recipe names. What is awake stays so, and what people deleted meanwhile is left out: Done.</summary>
    public async Task<ServerAnswer> WakeAsync(ContainerSample container, string recipe, CancellationToken stop)
    {
        if (Known(recipe) is not { } known)
            return new ServerAnswer(ServerResult.Failed, Unreadable);
        if (NotRunning(container) is { } why)
            return new ServerAnswer(ServerResult.Refused, why);
        return await new WakeRun(known.How, known.What, Talk(container, known), time).RunAsync(stop);
    }

    /// <summary>Whether all that the recipe names sleeps, by the server's own word; null where it can't tell, or does not answer.</summary>
    public async Task<bool?> IsAsleepAsync(ContainerSample container, string recipe, CancellationToken stop)
    {
        if (Known(recipe) is not { How.Look: not null } known || NotRunning(container) is not null)
            return null;
        var sighted = await Talk(container, known).LookAsync(known.What.Parts, stop);
        if (sighted.Trouble is not null)
            return null;
        var awake = sighted.Not(PartPhase.Asleep);
        return awake.Count == 0 ? true : awake.Any(p => sighted.Is(p, PartPhase.Awake)) ? false : null;
    }

    /// <summary>Tells it to finish what it has, then waits until nothing is in flight or the hook's time has passed. Whatever the answer, what was to follow may follow.</summary>
    /// <param name="port">Null: the only one that the container exposes.</param>
    /// <param name="requestsInFlight">Null while not known, which never counts as none.</param>
    public async Task<ServerAnswer> DrainAsync(
        ContainerSample container, DrainHook hook, int? port, Func<double?> requestsInFlight, CancellationToken stop)
    {
        if (NotRunning(container) is { } why)
            return new ServerAnswer(ServerResult.Refused, why);
        var there = port ?? (container.ExposedPorts.Count == 1 ? container.ExposedPorts[0] : null);
        var call = there is { } known ? Call(container, known) : null;
        return await new DrainRun(hook, call, requestsInFlight, time).RunAsync(stop);
    }

    private static (SleepRecipe How, WakeRecipe What)? Known(string recipe) =>
        WakeRecipe.Read(recipe) is { } what && SleepRecipes.Of(what.Server) is { } how ? (how, what) : null;

    private static ServerAnswer Ready(WakeRecipe recipe) => new(ServerResult.Done, "it may sleep", recipe.Write());

    private static string? NotRunning(ContainerSample container) => container.State switch
    {
        ContainerState.Running => null,
        ContainerState.Paused => "its container is paused: its server can't answer",
        _ => "its container does not run",
    };

    private ServerTalk Talk(ContainerSample container, (SleepRecipe How, WakeRecipe What) known) =>
        new(known.How, Call(container, known.What.Port), _memories.Of(container.Id));

    private ServerCall Call(ContainerSample container, int port) => new(container, port, _memories.Of(container.Id).Pipelines, time);
}
