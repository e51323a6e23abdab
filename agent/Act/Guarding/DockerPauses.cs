using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Headroom.Act.Guarding;

/// <summary>What Docker says of one container.</summary>
/// <param name="Exists">False: it knows no such container.</param>
internal readonly record struct ContainerPause(bool Exists, bool IsPaused, DateTimeOffset StartedAt);

/// <summary>Two questions to Docker and nothing else: is this container paused, and: unpause it. No library, so that the guard stays small;
/// each answer has two seconds.</summary>
internal sealed class DockerPauses : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    // Docker 29 answers 1.44 and newer, and any daemon of today what is older than itself.
    private static readonly Version Newest = new(1, 51);

    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private string? _version;

    public DockerPauses(Uri docker, TimeProvider time)
    {
        _time = time;
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false, ActivityHeadersPropagator = null };
        if (docker.Scheme == "unix")
            handler.ConnectCallback = async (_, stop) => await ConnectAsync(docker.LocalPath, stop);
        _http = new HttpClient(handler)
        {
            BaseAddress = new Uri(docker.Scheme switch { "unix" => "http://docker", "tcp" => $"http://{docker.Authority}", _ => docker.GetLeftPart(UriPartial.Authority) }),
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = 4 << 20,
        };
    }

    /// <summary>What a daemon does that is away, slow or broken. The rest is a bug.</summary>
    public static bool IsTrouble(Exception e) => e is HttpRequestException or IOException or SocketException or TimeoutException or JsonException;

    public static string Words(Exception e) => e is JsonException ? "its answer is broken" : e.GetBaseException().Message;

    public Task<ContainerPause> AskAsync(string containerId, CancellationToken stop) => LimitedAsync(async limit =>
    {
        using var answer = await _http.GetAsync(await PathAsync($"/containers/{containerId}/json", limit), limit);
        if (answer.StatusCode == HttpStatusCode.NotFound)
            return default;
        await RequireAsync(answer, limit);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(limit));
        if (!json.RootElement.TryGetProperty("State", out var state) || state.ValueKind != JsonValueKind.Object
            || !state.TryGetProperty("Paused", out var paused) || paused.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            throw new JsonException("no State.Paused");
        var started = state.TryGetProperty("StartedAt", out var text) && text.ValueKind == JsonValueKind.String
            && DateTimeOffset.TryParse(text.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : DateTimeOffset.MinValue;
        return new ContainerPause(true, paused.GetBoolean(), started);
    }, stop);

    public Task UnpauseAsync(string containerId, CancellationToken stop) => LimitedAsync(async limit =>
    {
        using var answer = await _http.PostAsync(await PathAsync($"/containers/{containerId}/unpause", limit), content: null, limit);
        await RequireAsync(answer, limit);
        return true;
    }, stop);

    public void Dispose() => _http.Dispose();

    private async Task<string> PathAsync(string path, CancellationToken stop)
    {
        if (_version is null)
        {
            using var answer = await _http.GetAsync("/_ping", stop);
            var theirs = answer.Headers.TryGetValues("Api-Version", out var values) && Version.TryParse(values.First(), out var version) ? version : Newest;
            _version = $"/v{(theirs < Newest ? theirs : Newest)}";
        }
        return _version + path;
    }

    private static async Task RequireAsync(HttpResponseMessage answer, CancellationToken stop)
    {
        if (answer.IsSuccessStatusCode)
            return;
        var text = (await answer.Content.ReadAsStringAsync(stop)).Trim();
        throw new HttpRequestException($"Docker answers {(int)answer.StatusCode}: {text[..Math.Min(text.Length, 200)]}");
    }

    private async Task<T> LimitedAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken stop)
    {
        using var timeout = new CancellationTokenSource(Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, timeout.Token);
        try
        {
            return await ask(either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new TimeoutException($"Docker did not answer within {Patience.TotalSeconds} s");
        }
    }

    private static async Task<Stream> ConnectAsync(string path, CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
