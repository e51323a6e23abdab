using System.Net.Sockets;
using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests;

/// <summary>The policy is read again while the agent runs: by file, by signal, by request.</summary>
public sealed class ReloadTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public async Task By_file_by_SIGHUP_and_by_POST_and_a_bad_policy_changes_nothing()
    {
        Write("200ms");
        using var agent = new RunningAgent("--simulate", "--policy", _file);
        agent.ScrapeUntil(p => Slo(p) == 0.2, "the first policy");

        Write("300ms");
        agent.ScrapeUntil(p => Slo(p) == 0.3, "the changed file");

        Write("400ms");
        Shell.Run("kill", "-HUP", $"{agent.Program.Pid}");
        agent.ScrapeUntil(p => Slo(p) == 0.4, "the policy after SIGHUP");

        Write("500");
        var refused = await PostAsync(agent, "/-/reload");
        Assert.Contains(" 400 ", refused, StringComparison.Ordinal);
        Assert.Contains("write 500ms or 500s", refused, StringComparison.Ordinal);
        var page = agent.ScrapeUntil(p => p["headroom_policy_last_reload_successful"] == 0, "the refusal");
        Assert.Equal(0.4, Slo(page));

        Write("600ms");
        Assert.Contains(" 200 ", await PostAsync(agent, "/-/reload"), StringComparison.Ordinal);
        page = agent.ScrapeUntil(p => Slo(p) == 0.6, "the mended policy");
        Assert.Equal(1, page["headroom_policy_last_reload_successful"]);
        Assert.Equal(0, agent.Program.Terminate(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task The_metrics_listener_reloads_nothing()
    {
        using var agent = new RunningAgent("--simulate");
        using var http = new HttpClient();
        using var answer = await http.PostAsync(new Uri(agent.Metrics, "/-/reload"), null);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, answer.StatusCode);
    }

    private static double? Slo(Page page) => page["headroom_workload_slo_seconds{workload=\"recommender\",slo=\"p95\"}"];

    private void Write(string slo) => File.WriteAllText(_file,
        $"apiVersion: headroom/v1\nworkloads:\n  - name: r\n    match: {{ composeService: recommender }}\n    slo: {{ p95: {slo} }}\n");

    private static async Task<string> PostAsync(RunningAgent agent, string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(agent.RuntimeFolder, "control.sock")));
        await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
        using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }
}
