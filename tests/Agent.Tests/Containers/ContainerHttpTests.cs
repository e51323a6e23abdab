using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Headroom.Containers;
using Headroom.Model;
using Headroom.Observe.Latency;
using Headroom.Observe.Latency.Sources;
using Headroom.Tests.Observe.Latency.Sources;
using Headroom.Tests.Support;

namespace Headroom.Tests.Containers;

public sealed class ContainerHttpTests
{
    /// <summary>Short, so that a test of a hang takes no longer than it must; long enough for a loaded machine.</summary>
    private static readonly HttpLimits Impatient = HttpLimits.Scrape with { Whole = TimeSpan.FromMilliseconds(700) };

    [Fact]
    public async Task A_page_arrives_whole_and_the_connection_is_kept_for_the_next_look()
    {
        await using var server = RawHttpServer.Pages(new Dictionary<string, string> { ["/metrics"] = "a 1\nb 2\n" });
        using var http = new ContainerHttp(Some.Container(), TimeProvider.System);

        Assert.Equal("a 1\nb 2\n", await TextAsync(http, server.Port));
        Assert.Equal("a 1\nb 2\n", await TextAsync(http, server.Port));

        Assert.Equal(1, server.Connections);
        Assert.Equal("identity", server.Requests[0].Headers["Accept-Encoding"]);
        Assert.Equal("text/plain", server.Requests[0].Headers["Accept"]);
        Assert.DoesNotContain("traceparent", server.Requests[0].Headers.Keys);
    }

    [Fact]
    public async Task A_server_that_closes_after_each_answer_is_read_again_on_a_new_connection()
    {
        await using var server = new RawHttpServer(async (_, stream, _) =>
        {
            await RawHttpServer.ReplyAsync(stream, 200, "a 1\n", "Connection: close\r\n");
            throw new IOException("done");
        });
        using var http = new ContainerHttp(Some.Container(), TimeProvider.System);

        Assert.Equal("a 1\n", await TextAsync(http, server.Port));
        Assert.Equal("a 1\n", await TextAsync(http, server.Port));
        Assert.Equal(2, server.Connections);
    }

    [Theory]
    [InlineData(301, "redirect")]
    [InlineData(401, "asks for credentials (401)")]
    [InlineData(404, "is not there (404): is `headroom.metrics.path` right")]
    [InlineData(500, "answers with status 500")]
    [InlineData(501, "switched off (501)")]
    public async Task An_answer_that_says_no_is_told_with_what_to_do(int status, string words)
    {
        await using var server = new RawHttpServer((_, stream, _) =>
            RawHttpServer.ReplyAsync(stream, status, "<html>", "Location: http://127.0.0.1:1/elsewhere\r\n"));
        using var http = new ContainerHttp(Some.Container(), TimeProvider.System);

        var error = await FailsAsync(http, server.Port);
        Assert.Equal(EndpointFault.Refused, error.Fault);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Contains($"http://127.0.0.1:{server.Port}/metrics", error.Message, StringComparison.Ordinal);
        Assert.Equal(["GET /metrics"], server.Asked);
    }

    [Fact]
    public async Task Nobody_listening_is_told_with_address_and_label()
    {
        using var http = new ContainerHttp(Some.Container(), TimeProvider.System);

        var error = await FailsAsync(http, FreePort());
        Assert.Equal(EndpointFault.NoConnection, error.Fault);
        Assert.Matches(@"^connection refused at 127\.0\.0\.1:\d+: is the server up, and is `headroom\.metrics\.port` right\?$", error.Message);
    }

    [Fact]
    public async Task A_server_that_takes_the_request_and_says_nothing_costs_no_more_than_the_limit()
    {
        await using var server = new RawHttpServer((_, _, stop) => Task.Delay(Timeout.Infinite, stop));
        using var http = new ContainerHttp(Some.Container(), TimeProvider.System, Impatient);

        var error = await FailsAsync(http, server.Port);
        Assert.Equal(EndpointFault.TimedOut, error.Fault);
        Assert.Contains("did not answer within 0.7 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_drips_its_answer_for_ever_is_left_at_the_limit()
    {
        await using var server = new RawHttpServer(async (_, stream, stop) =>
        {
            await RawHttpServer.WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
            while (!stop.IsCancellationRequested)
            {
                await RawHttpServer.WriteAsync(stream, "a");
                await Task.Delay(20, stop);
            }
        });
        using var http = new ContainerHttp(Some.Container(), TimeProvider.System, Impatient);

        var error = await FailsAsync(http, server.Port);
        Assert.Equal(EndpointFault.TimedOut, error.Fault);
        Assert.Contains("did not end its answer", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endless_body_is_cut_off_at_the_size_limit()
    {
        await using var server = new RawHttpServer(async (_, stream, stop) =>
        {
            await RawHttpServer.WriteAsync(stream, "HTTP/1.1 200 OK\r\n\r\n");
            var chunk = new byte[64 << 10];
            while (true)
                await stream.WriteAsync(chunk, stop);
        });
        using var http = new ContainerHttp(Some.Container(), TimeProvider.System, HttpLimits.Scrape with { Whole = TimeSpan.FromSeconds(20) });

        long fed = 0;
        var error = await Assert.ThrowsAsync<EndpointException>(() =>
            http.GetAsync(server.Port, "/metrics", "text/plain", chunk => fed += chunk.Length, CancellationToken.None));
        Assert.Contains("sends more than 16 MiB", error.Message, StringComparison.Ordinal);
        Assert.InRange(fed, 1, HttpLimits.Scrape.BodyBytes);
    }

    [Fact]
    public async Task A_gzip_bomb_is_cut_off_at_the_size_it_unpacks_to()
    {
        var bomb = Gzip(new byte[64 << 20]);
        Assert.True(bomb.Length < 1 << 20);
        await using var server = new RawHttpServer((_, stream, _) => RawHttpServer.ReplyAsync(stream, 200, bomb, "Content-Encoding: gzip\r\n"));
        using var http = new ContainerHttp(Some.Container(), TimeProvider.System, HttpLimits.Scrape with { Whole = TimeSpan.FromSeconds(20) });

        long fed = 0;
        var error = await Assert.ThrowsAsync<EndpointException>(() =>
            http.GetAsync(server.Port, "/metrics", "text/plain", chunk => fed += chunk.Length, CancellationToken.None));
        Assert.Contains("sends more than 16 MiB", error.Message, StringComparison.Ordinal);
        Assert.InRange(fed, 1, HttpLimits.Scrape.BodyBytes);
    }

    [Fact]
    public async Task A_server_that_packs_though_not_asked_to_is_read()
    {
        await using var server = new RawHttpServer((_, stream, _) =>
            RawHttpServer.ReplyAsync(stream, 200, Gzip("a 1\n"u8.ToArray()), "Content-Encoding: gzip\r\n"));
        using var http = new ContainerHttp(Some.Container(), TimeProvider.System);

        Assert.Equal("a 1\n", await TextAsync(http, server.Port));
    }

    [Theory]
    [InlineData("Content-Encoding: gzip\r\n", "can't be unpacked")]
    [InlineData("Content-Encoding: br\r\n", "encoded as br")]
    public async Task An_encoding_that_cannot_be_undone_is_told(string header, string words)
    {
        await using var server = new RawHttpServer((_, stream, _) => RawHttpServer.ReplyAsync(stream, 200, "no such encoding", header));
        using var http = new ContainerHttp(Some.Container(), TimeProvider.System);

        Assert.Contains(words, (await FailsAsync(http, server.Port)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Something_that_speaks_no_http_is_told_as_such()
    {
        await using var server = new RawHttpServer((_, stream, _) => RawHttpServer.WriteAsync(stream, "-ERR unknown command 'GET'\r\n"));
        using var http = new ContainerHttp(Some.Container(), TimeProvider.System);

        Assert.Contains("does not speak HTTP/1.1", (await FailsAsync(http, server.Port)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_reset_in_the_middle_of_the_body_is_no_page()
    {
        await using var server = new RawHttpServer(async (_, stream, _) =>
        {
            await RawHttpServer.WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\na_count 12");
            throw new IOException("gone");
        });
        using var http = new ContainerHttp(Some.Container(), TimeProvider.System);

        var error = await FailsAsync(http, server.Port);
        Assert.Equal(EndpointFault.BadAnswer, error.Fault);
        Assert.Contains("closed the connection before its answer was complete", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("metrics")]
    [InlineData("@169.254.169.254/latest")]
    [InlineData(".example.org/metrics")]
    public async Task A_path_cannot_name_another_host(string path)
    {
        using var http = new ContainerHttp(Some.Container(), TimeProvider.System);

        var error = await Assert.ThrowsAsync<EndpointException>(() =>
            http.GetAsync(80, path, "text/plain", _ => { }, CancellationToken.None));
        Assert.Equal(EndpointFault.Settings, error.Fault);
    }

    [Fact]
    public async Task A_server_bound_to_the_containers_loopback_is_reached_through_its_namespace()
    {
        if (!ForeignNamespace.IsRoot)
            return; // Told by NetworkNamespaceTests.
        using var container = new ForeignNamespace();
        await using var server = new RawHttpServer((_, stream, _) => RawHttpServer.ReplyAsync(stream, 200, "a 1\n"), container.Bound());
        // Its own address answers (here: this machine's loopback), but nobody listens there.
        var sample = Some.Container() with { Pid = container.Pid, Id = new WorkloadId("app", container.Id, DateTimeOffset.UnixEpoch) };
        using var http = new ContainerHttp(sample, TimeProvider.System);

        Assert.Equal("a 1\n", await TextAsync(http, server.Port));
        Assert.Equal("a 1\n", await TextAsync(http, server.Port));
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task A_container_without_an_address_is_reached_through_its_namespace()
    {
        if (!ForeignNamespace.IsRoot)
            return;
        using var container = new ForeignNamespace();
        await using var server = new RawHttpServer((_, stream, _) => RawHttpServer.ReplyAsync(stream, 200, "a 1\n"), container.Bound());
        var sample = Some.Container() with { Addresses = [], Pid = container.Pid, Id = new WorkloadId("app", container.Id, DateTimeOffset.UnixEpoch) };
        using var http = new ContainerHttp(sample, TimeProvider.System);

        Assert.Equal("a 1\n", await TextAsync(http, server.Port));
    }

    [Fact]
    public async Task A_pid_that_is_not_the_containers_is_not_entered_and_that_is_said()
    {
        using var http = new ContainerHttp(Some.Container() with { Pid = Environment.ProcessId }, TimeProvider.System);

        var error = await FailsAsync(http, FreePort());
        Assert.Contains("connection refused", error.Message, StringComparison.Ordinal);
        Assert.Contains("its loopback could not be tried: pid", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_networking_is_asked_at_the_hosts_loopback()
    {
        await using var server = RawHttpServer.Pages(new Dictionary<string, string> { ["/metrics"] = "a 1\n" });
        using var http = new ContainerHttp(Some.Container() with { HostNetwork = true, Addresses = [] }, TimeProvider.System);

        Assert.Equal("a 1\n", await TextAsync(http, server.Port));
    }

    private static async Task<string> TextAsync(ContainerHttp http, int port)
    {
        var bytes = new MemoryStream();
        await http.GetAsync(port, "/metrics", "text/plain", bytes.Write, CancellationToken.None);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static Task<EndpointException> FailsAsync(ContainerHttp http, int port) =>
        Assert.ThrowsAsync<EndpointException>(() => http.GetAsync(port, "/metrics", "text/plain", _ => { }, CancellationToken.None));

    /// <summary>A port where nobody listens (for now: nothing else on a test machine takes it within the test).</summary>
    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static byte[] Gzip(byte[] plain)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize))
            gzip.Write(plain);
        return packed.ToArray();
    }
}
