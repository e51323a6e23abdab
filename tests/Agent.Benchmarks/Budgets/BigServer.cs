using System.Globalization;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.Benchmarks.Budgets;

/// <summary>A server of the size that the budgets speak of: 8 GPUs (the NVML double) and 64 real containers, eight on each GPU. Three of these are model servers with an SLO,
/// vLLM's metrics and some traffic; one has neither; of four batch containers one stands aside by the gate. Nothing is slow: nothing is held.</summary>
internal sealed class BigServer : IDisposable
{
    public const int Gpus = 8, Workloads = 64, OnEach = Workloads / Gpus, ServersOnEach = 3;
    private const int Port = 8000;
    private const int StartedAtOnce = 4;
    /// <summary>Of each GPU the place whose container comes and goes.</summary>
    private const int JobPlace = 6;
    private const string Image = "headroom-bench/server:1";

    private readonly DockerDaemon _docker;
    private readonly Dictionary<int, (string Name, int Pid)> _jobs = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly Task _traffic;

    public BigServer(DockerDaemon docker)
    {
        _docker = docker;
        foreach (var gpu in Machine.Gpus)
            gpu.Processes.Clear();
        File.WriteAllText(PolicyFile, """
            apiVersion: headroom/v1
            mode: enforce
            limits: { maxHeld: 100%, breaker: { failures: 100, within: 10m } }
            windows:
              never: { cron: "0 0 29 2 *", duration: 1m, timeZone: UTC }
            workloads:
              - name: outside
                match: { label: "bench.job=outside" }
                priority: batch
                share: { floor: 25% }
                window: { name: never, outside: throttle }
            """);
        ImportImage(docker, Image);
        Parallel.For(0, Workloads, new ParallelOptions { MaxDegreeOfParallelism = StartedAtOnce }, i => Start(i / OnEach, i % OnEach));
        var names = Enumerable.Range(0, Workloads).Select(i => NameOf(i / OnEach, i % OnEach)).ToList();
        var addresses = new List<string>();
        foreach (var (name, line) in names.Zip(docker.Docker(["inspect", "-f", "{{.State.Pid}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", .. names]).Split('\n')))
        {
            var words = line.Trim().Split(' ');
            var (gpu, place) = PlaceOf(name);
            OnGpu(gpu, int.Parse(words[0], CultureInfo.InvariantCulture));
            if (place < ServersOnEach)
                addresses.Add(words[1]);
            if (place == JobPlace)
                _jobs[gpu] = (name, int.Parse(words[0], CultureInfo.InvariantCulture));
        }
        _traffic = Task.Run(() => AskAsync(addresses));
    }

    public FakeMachine Machine { get; } = FakeMachine.EightH100With64Processes();
    public string Socket => _docker.Socket;
    public int DockerPid => int.Parse(File.ReadAllText(Path.Combine(Path.GetDirectoryName(new Uri(_docker.Socket).LocalPath)!, "pid")), CultureInfo.InvariantCulture);
    public string[] AgentOptions => ["--docker", _docker.Socket, "--nvml", Machine.LibraryPath, "--policy", PolicyFile];

    private string PolicyFile => Path.Combine(Machine.Folder, "policy.yaml");

    /// <summary>Another container in the place of one that came and goes; every other one is outside of its window, so that it is held.</summary>
    public void ReplaceJob(int number)
    {
        var gpu = number % Gpus;
        var (old, pid) = _jobs[gpu];
        _docker.Remove(old);
        Machine.Gpu(gpu).Processes.Remove(pid);
        var name = $"job-{number}";
        _docker.Run(name, ["--network", "none", .. Labels("batch"), .. number % 2 == 0 ? (string[])[] : ["--label", "bench.job=outside"]]);
        var started = int.Parse(_docker.Docker("inspect", "-f", "{{.State.Pid}}", name), CultureInfo.InvariantCulture);
        OnGpu(gpu, started);
        _jobs[gpu] = (name, started);
    }

    /// <summary>All its containers, so that what is measured after it has the machine.</summary>
    public void RemoveAll()
    {
        _stop.Cancel();
        _docker.Remove([.. _docker.Docker("ps", "-aq").Split('\n', StringSplitOptions.RemoveEmptyEntries)]);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _traffic.Wait();
        _http.Dispose();
        _stop.Dispose();
        Machine.Dispose();
    }

    /// <summary>The double of a model server as an image.</summary>
    public static void ImportImage(DockerDaemon docker, string image)
    {
        var folder = Directory.CreateTempSubdirectory("headroom-bench-image-").FullName;
        Directory.CreateDirectory($"{folder}/bin");
        File.Copy(ServerDouble.Program, $"{folder}/bin/server");
        docker.Import(image, folder);
        Directory.Delete(folder, recursive: true);
    }

    private static string NameOf(int gpu, int place) => $"{(place < ServersOnEach ? "model" : place == 3 ? "tool" : "batch")}-{gpu}-{place}";

    private static (int Gpu, int Place) PlaceOf(string name) =>
        (int.Parse(name.Split('-')[1], CultureInfo.InvariantCulture), int.Parse(name.Split('-')[2], CultureInfo.InvariantCulture));

    private void Start(int gpu, int place)
    {
        var name = NameOf(gpu, place);
        if (place < ServersOnEach)
            _docker.RunImage(Image, name,
                [.. Labels(place == 0 ? "critical" : "standard"), "--label", "headroom.slo.p95=500ms", "--label", "headroom.metrics=vllm", "--label", $"headroom.metrics.port={Port}", "--label", $"headroom.ports={Port}"],
                "server", "serve", $"{Port}", "1", $"{Environment.ProcessorCount - 1}");
        else
            _docker.Run(name, ["--network", "none", .. Labels(place == 3 ? "standard" : "batch"), "--label", $"headroom.yields={(place == OnEach - 1 ? "gate" : "share")}"]);
    }

    private static string[] Labels(string priority) => ["--label", "headroom.enable=true", "--label", $"headroom.priority={priority}"];

    private void OnGpu(int gpu, int pid) => Machine.Gpu(gpu).Processes.Add(pid, 8L << 30, sm: 10, memory: 5);

    /// <summary>Each server a request a second.</summary>
    private async Task AskAsync(List<string> addresses)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / addresses.Count));
        for (var i = 0; !_stop.IsCancellationRequested; i++)
            try
            {
                await pace.WaitForNextTickAsync(_stop.Token);
                _ = await _http.GetStringAsync($"http://{addresses[i % addresses.Count]}:{Port}/generate", _stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or HttpRequestException)
            {
                // measured; or a server that did not answer this one
            }
    }
}
