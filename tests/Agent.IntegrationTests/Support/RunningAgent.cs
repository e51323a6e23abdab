using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Headroom.Testing;

namespace Headroom.IntegrationTests.Support;

/// <summary>The real agent as a process of its own: the native binary when HEADROOM_BIN names one, else the build of this test.</summary>
internal sealed class RunningAgent : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-agent-").FullName;
    private RunningProgram? _guard;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(60) };

    public RunningAgent(params string[] arguments)
    {
        Port = FreePort();
        Program = Headroom(["run", "--metrics-listen", $"127.0.0.1:{Port}", "--control-listen", "off", "--runtime-dir", RuntimeFolder, "--state-dir", StateFolder, .. arguments]);
        try
        {
            Eventually.True(() => TryScrape() is not null, TimeSpan.FromSeconds(30), "the agent to answer /metrics");
        }
        catch (TimeoutException e)
        {
            Dispose();
            throw new TimeoutException($"{e.Message}\n{Program.Output}");
        }
    }

    public int Port { get; }
    public RunningProgram Program { get; }
    public string RuntimeFolder => $"{_folder}/run";
    public string StateFolder => $"{_folder}/state";
    public Uri Metrics => new($"http://127.0.0.1:{Port}/metrics");

    /// <summary>Starts its guard beside it, on its folders; it outlives the agent. Without one the agent only recommends.</summary>
    public RunningProgram StartGuard(string docker) =>
        _guard = Headroom(["guard", "--runtime-dir", RuntimeFolder, "--state-dir", StateFolder, "--docker", docker]);

    /// <summary>Starts <c>headroom</c> with these arguments.</summary>
    public static RunningProgram Headroom(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null) =>
        Environment.GetEnvironmentVariable("HEADROOM_BIN") is { Length: > 0 } binary
            ? new RunningProgram(binary, arguments, environment)
            : new RunningProgram("dotnet", [Path.Combine(AppContext.BaseDirectory, "headroom.dll"), .. arguments], environment);

    /// <summary>Runs <c>headroom</c> to its end.</summary>
    public static Shell.Result RunHeadroom(params string[] arguments) =>
        Environment.GetEnvironmentVariable("HEADROOM_BIN") is { Length: > 0 } binary
            ? Shell.Try(binary, arguments)
            : Shell.Try("dotnet", [Path.Combine(AppContext.BaseDirectory, "headroom.dll"), .. arguments]);

    public Page Scrape() => TryScrape() ?? throw new InvalidOperationException($"no answer from {Metrics}:\n{Program.Output}");

    public async Task<Page> ScrapeAsync() => new(await _http.GetStringAsync(Metrics));

    /// <summary>Scrapes until the page is as wanted.</summary>
    public Page ScrapeUntil(Func<Page, bool> wanted, string what, TimeSpan? within = null)
    {
        Page? page = null;
        try
        {
            Eventually.True(() => (page = TryScrape()) is not null && wanted(page), within ?? TimeSpan.FromSeconds(20), what);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}\n{page?.Text}\n{Program.Output}");
        }
        return page!;
    }

    public void Dispose()
    {
        Program.Dispose();
        _guard?.Dispose();
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    public static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }

    private Page? TryScrape()
    {
        try
        {
            return new Page(_http.GetStringAsync(Metrics).GetAwaiter().GetResult());
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}

/// <summary>One scraped page.</summary>
internal sealed class Page
{
    private readonly Dictionary<string, double> _series = [];

    public Page(string text)
    {
        Text = text;
        foreach (var line in text.Split('\n'))
            if (line.Length > 0 && line[0] != '#')
                _series.Add(line[..line.LastIndexOf(' ')], Parse(line[(line.LastIndexOf(' ') + 1)..])); // a duplicate series throws
    }

    public string Text { get; }

    /// <summary>The value of the series written exactly so; null when it is not there.</summary>
    public double? this[string series] => _series.TryGetValue(series, out var value) ? value : null;

    public IEnumerable<(string Series, double Value)> Family(string name) =>
        _series.Where(s => s.Key == name || s.Key.StartsWith(name + "{", StringComparison.Ordinal)).Select(s => (s.Key, s.Value));

    public double Sum(string family, string labels) => Family(family).Where(s => s.Series.Contains(labels, StringComparison.Ordinal)).Sum(s => s.Value);

    private static double Parse(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "NaN" => double.NaN,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };
}
