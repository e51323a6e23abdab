using System.Buffers;
using Headroom.Containers;
using Headroom.Model;

namespace Headroom.Observe.Latency.Sources;

/// <summary>Finds out by asking which of the planned addresses answers, and what the page is. Each address is asked once.</summary>
internal sealed class EndpointResolver(ContainerHttp http, TimeProvider time)
{
    /// <exception cref="EndpointException">None can be used; tells the most promising of the failures.</exception>
    public async Task<ILatencyReader> ResolveAsync(IReadOnlyList<EndpointTry> tries, CancellationToken stop)
    {
        if (tries is [{ Certainty: Certainty.Named } only])
            return Reader(only, only.Preset, recognised: false);

        EndpointTry? quiet = null;
        EndpointException? best = null;
        var deadPorts = new HashSet<int>();
        foreach (var address in tries.GroupBy(tried => (tried.Port, tried.Path, tried.Preset.Format)))
        {
            if (deadPorts.Contains(address.Key.Port))
                continue;
            try
            {
                var (fit, preset) = await AskAsync([.. address], stop);
                if (preset is not null)
                    return Reader(fit, preset, recognised: true);
                // A JSON answer always has its properties; a page may show its names only after the first request.
                if (fit.Certainty == Certainty.Named || (fit.Certainty == Certainty.Known && fit.Preset.Format == PresetFormat.Prometheus))
                    quiet ??= fit;
                best = Better(best, new EndpointException(EndpointFault.NotYet,
                    $"{http.Url(fit.Port, fit.Path)} answers but shows no names that a preset knows: not used yet, or name its preset with `headroom.metrics`"));
            }
            catch (EndpointException e)
            {
                best = Better(best, e);
                if (e.Fault is EndpointFault.NoConnection or EndpointFault.TimedOut)
                    deadPorts.Add(address.Key.Port);
            }
        }
        if (quiet is not null)
            return Reader(quiet, quiet.Preset, recognised: false);
        throw best is null ? new EndpointException(EndpointFault.Settings, "there is no address to ask")
            : tries.Count == 1 ? best
            : new EndpointException(best.Fault, $"no metrics found at {tries.Select(tried => (tried.Port, tried.Path)).Distinct().Count()} addresses; the nearest: {best.Message}", best);
    }

    /// <returns>Which of the tries of this address fits, and the preset that the page is known by; null when it shows none.</returns>
    private async Task<(EndpointTry Fit, Preset? Preset)> AskAsync(IReadOnlyList<EndpointTry> tries, CancellationToken stop)
    {
        var (port, path) = (tries[0].Port, tries[0].Path);
        if (tries[0].Preset.Format == PresetFormat.Json)
        {
            var body = new ArrayBufferWriter<byte>();
            await http.GetAsync(port, path, JsonEndpoint.Accept, chunk => body.Write(chunk), stop);
            var fit = tries.FirstOrDefault(tried => JsonPresetReader.Matches(tried.Preset, body.WrittenSpan));
            return (fit ?? tries[0], fit?.Preset);
        }
        var sniffer = new PresetSniffer([.. tries.Select(tried => tried.Preset).Distinct()]);
        await http.GetAsync(port, path, PrometheusEndpoint.Accept, sniffer.Feed, stop);
        sniffer.Complete();
        var shown = sniffer.Matches();
        // Image and command line know better than names which of several servers in one is meant.
        var match = tries.FirstOrDefault(tried => tried.Certainty != Certainty.Guess && shown.Contains(tried.Preset))
            ?? tries.FirstOrDefault(tried => shown.Count > 0 && tried.Preset == shown[0]);
        return (match ?? tries[0], match?.Preset);
    }

    private ILatencyReader Reader(EndpointTry at, Preset preset, bool recognised) => preset.Format == PresetFormat.Json
        ? new JsonEndpoint(http, at.Port, at.Path, preset, time)
        : new PrometheusEndpoint(http, at.Port, at.Path, preset, time, recognised);

    /// <summary>The failure that says most of what to do: an answer before silence.</summary>
    private static EndpointException Better(EndpointException? one, EndpointException other) =>
        one is null || Weight(other.Fault) > Weight(one.Fault) ? other : one;

    private static int Weight(EndpointFault fault) => fault switch
    {
        EndpointFault.NotYet => 4,
        EndpointFault.Refused => 3,
        EndpointFault.BadAnswer => 2,
        EndpointFault.TimedOut => 1,
        _ => 0,
    };
}
