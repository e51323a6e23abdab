using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;

namespace Headroom.Benchmarks.Budgets;

/// <summary>Expositions of model servers whose latency this program decides: calm, slow from one moment on, or idle. vLLM's names.</summary>
internal sealed class SlowingServers : IAsyncDisposable
{
    /// <summary>Requests answered a second.</summary>
    private const double Rate = 40;
    /// <summary>So many are slow at the moment of the breach, so that whoever looks then sees it.</summary>
    private const double Burst = 60;
    private static readonly double[] Bounds = [0.05, 0.1, 0.2, 0.5, 1, 2, 5];
    private const int Fast = 1, Slow = 5;

    private readonly WebApplication _app;
    private readonly One[] _servers;

    private enum State { Calm, Slow, Idle }

    private sealed class One
    {
        public readonly Lock Lock = new();
        public readonly double[] Answered = new double[Bounds.Length];
        public State State;
        public long At = Stopwatch.GetTimestamp();
        public long? Breached, Seen;
    }

    public SlowingServers(int count)
    {
        _servers = [.. Enumerable.Range(0, count).Select(_ => new One())];
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            for (var i = 0; i < count; i++)
                kestrel.Listen(IPAddress.Loopback, 0);
        });
        _app = builder.Build();
        _app.Run(http =>
        {
            http.Response.ContentType = "text/plain; version=0.0.4";
            return http.Response.WriteAsync(Page(_servers[Array.IndexOf(Ports, http.Connection.LocalPort)]), http.RequestAborted);
        });
        _app.StartAsync().GetAwaiter().GetResult();
        Ports = [.. _app.Urls.Select(url => new Uri(url).Port)];
    }

    public int[] Ports { get; } = [];

    public void Calm(int server) => Turn(server, State.Calm);

    public void Idle(int server) => Turn(server, State.Idle);

    public void Breach(int server)
    {
        Turn(server, State.Slow);
        var one = _servers[server];
        lock (one.Lock)
        {
            one.Answered[Slow] += Burst;
            (one.Breached, one.Seen) = (Stopwatch.GetTimestamp(), null);
        }
    }

    /// <summary>When it became slow, and when a page that shows it was first asked for.</summary>
    public (long? Breached, long? Seen) Moments(int server)
    {
        var one = _servers[server];
        lock (one.Lock)
            return (one.Breached, one.Seen);
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private void Turn(int server, State state)
    {
        var one = _servers[server];
        lock (one.Lock)
        {
            Advance(one);
            one.State = state;
        }
    }

    private static void Advance(One one)
    {
        var now = Stopwatch.GetTimestamp();
        var answered = Stopwatch.GetElapsedTime(one.At, now).TotalSeconds * Rate;
        one.At = now;
        if (one.State != State.Idle)
            one.Answered[one.State == State.Slow ? Slow : Fast] += answered;
    }

    private static string Page(One one)
    {
        const string Labels = "model_name=\"m\",engine=\"0\"";
        var page = new StringBuilder();
        lock (one.Lock)
        {
            Advance(one);
            if (one is { State: State.Slow, Seen: null })
                one.Seen = Stopwatch.GetTimestamp();
            page.Append(CultureInfo.InvariantCulture, $"# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{{{Labels}}} {(one.State == State.Idle ? 0 : 2)}.0\n");
            page.Append("# TYPE vllm:e2e_request_latency_seconds histogram\n");
            double below = 0, sum = 0;
            for (var i = 0; i < Bounds.Length; i++)
            {
                below += Math.Floor(one.Answered[i]);
                sum += Math.Floor(one.Answered[i]) * Bounds[i] * 0.9;
                page.Append(CultureInfo.InvariantCulture, $"vllm:e2e_request_latency_seconds_bucket{{{Labels},le=\"{Bounds[i]}\"}} {below}\n");
            }
            page.Append(CultureInfo.InvariantCulture, $"vllm:e2e_request_latency_seconds_bucket{{{Labels},le=\"+Inf\"}} {below}\n");
            page.Append(CultureInfo.InvariantCulture, $"vllm:e2e_request_latency_seconds_sum{{{Labels}}} {sum}\nvllm:e2e_request_latency_seconds_count{{{Labels}}} {below}\n");
        }
        return page.ToString();
    }
}
