namespace Headroom.Simulate;

/// <summary>What can be done to the simulated containers, from any thread.</summary>
internal sealed class SimulatedLevers(SimulatedNode node)
{
    /// <inheritdoc cref="World.SetRunFraction"/>
    public void SetRunFraction(string workload, double fraction) => Do(world => world.SetRunFraction(workload, fraction));

    /// <inheritdoc cref="World.SetVramCap"/>
    public void SetVramCap(string workload, long? bytes) => Do(world => world.SetVramCap(workload, bytes));

    public void Stop(string workload) => Do(world => world.Stop(workload));

    public void Start(string workload) => Do(world => world.Start(workload));

    private void Do(Action<World> verb) => node.Look((world, _) =>
    {
        verb(world);
        return true;
    });
}
