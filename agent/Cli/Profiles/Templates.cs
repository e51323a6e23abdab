using Headroom.Profiling;
using Headroom.Profiling.Load;

namespace Headroom.Cli.Profiles;

/// <summary>The word after <c>--request</c> -> the request: a file, or a preset whose model the server itself names.</summary>
internal static class Templates
{
    private const long MostBytes = 4 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <exception cref="ProfileException">No such file or preset, or one that makes no request; says what would.</exception>
    public static async Task<RequestTemplate> ReadAsync(string named, string? path, LoadClient client, TimeProvider time, CancellationToken stop)
    {
        if (path is not null && !path.StartsWith('/'))
            throw new ProfileException($"--path {path}: it must begin with a slash, as in /v1/completions");
        if (RequestPresets.All.FirstOrDefault(preset => preset.Name == named) is { } preset)
            return RequestPresets.Template(preset with { Path = path ?? preset.Path }, await ModelAsync(preset, client, time, stop));
        try
        {
            if (new FileInfo(named).Length > MostBytes)
                throw new ProfileException($"{named} has more than {MostBytes >> 20} MiB: no model server takes such a request");
            return RequestFile.Parse(named, await File.ReadAllTextAsync(named, stop), path);
        }
        catch (FormatException e)
        {
            throw new ProfileException(e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ProfileException($"--request {named}: {e.Message} It is a .http or .json file, or one of {RequestPresets.Names}");
        }
    }

    private static async Task<string?> ModelAsync(RequestPreset preset, LoadClient client, TimeProvider time, CancellationToken stop)
    {
        if (preset.Models is not { } list)
            return null;
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        try
        {
            if (await client.GetAsync(list, either.Token) is { } text && RequestPresets.FirstModel(text) is { } model)
                return model;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or Containers.EndpointException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            throw new ProfileException($"{list} does not answer ({e.GetBaseException().Message}): is the server up, and is the port right?");
        }
        throw new ProfileException($"{list} names no model, which the preset {preset.Name} needs: is it such a server? Write the request into a .http file otherwise");
    }
}
