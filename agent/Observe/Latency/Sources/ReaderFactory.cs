using Headroom.Containers;
using Headroom.Model;

namespace Headroom.Observe.Latency.Sources;

/// <summary>From what the user says, or what is found out, to a reader.</summary>
internal static class ReaderFactory
{
    /// <summary>Asks only where a model server's own page has to be found.</summary>
    /// <exception cref="EndpointException">There is none; says why and what to set.</exception>
    public static async Task<ILatencyReader> CreateAsync(
        LatencyTarget target, IReadOnlyList<Preset> presets, ContainerHttp http, TimeProvider time, CancellationToken stop) => target.Metrics switch
        {
            { Textfile: { } path } => new TextfileReader(path, time),
            { Query: { } query } => new PromQlReader(query, time),
            { Probe: { } probe } => new HttpProbeReader(target.Container, probe, ProbePort(target, probe), time),
            _ => await new EndpointResolver(http, time).ResolveAsync(EndpointPlan.Of(target, presets), stop),
        };

    private static int ProbePort(LatencyTarget target, HttpProbe probe)
    {
        if ((probe.Port ?? target.Metrics?.Port) is { } port)
            return port;
        return target switch
        {
            { Ports: [var first, ..] } => first,
            { Container: { HostNetwork: false, ExposedPorts: [var only] } } => only,
            _ => throw new EndpointException(EndpointFault.Settings, "the probe needs a port: set `port` of the probe, or `ports` of the workload"),
        };
    }
}
