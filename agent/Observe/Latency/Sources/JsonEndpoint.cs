using System.Buffers;
using Headroom.Containers;
using Headroom.Model;

namespace Headroom.Observe.Latency.Sources;

/// <summary>A server that tells its state as JSON (Ollama, ComfyUI, SD-WebUI), read by a preset.</summary>
internal sealed class JsonEndpoint(ContainerHttp http, int port, string path, Preset preset, TimeProvider time) : ILatencyReader
{
    public const string Accept = "application/json";

    public string Source => preset.Name;
    public string Endpoint => http.Url(port, path);
    public bool CountsCompletions { get; } = PresetReader.CountsCompletions(preset);

    public async ValueTask<LatencyScrape> ReadAsync(CancellationToken stop)
    {
        var body = new ArrayBufferWriter<byte>();
        await http.GetAsync(port, path, Accept, chunk => body.Write(chunk), stop);
        try
        {
            if (preset.Detect.Prefixes.Count > 0 && !JsonPresetReader.Matches(preset, body.WrittenSpan))
                throw new EndpointException(EndpointFault.BadAnswer, $"{Endpoint} answers, but not as preset {preset.Name} describes: is the port right?");
            return JsonPresetReader.Read(preset, body.WrittenSpan, time.Mono());
        }
        catch (InvalidDataException e)
        {
            throw new EndpointException(EndpointFault.BadAnswer, $"{Endpoint}: {e.Message}", e);
        }
    }
}
