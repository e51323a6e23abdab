using System.Text.Json;
using Headroom.Model;
using Headroom.Observe.Workloads;
using Headroom.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.Tests.Observe.Workloads;

/// <summary>Daemons that answer badly. A stand-in that speaks just enough of the Engine API on a Unix socket: the real one cannot be made to fail so.</summary>
public sealed class DockerTroubleTests
{
    private static readonly string Good = new('a', 64), Bad = new('b', 64);

    [Theory]
    [InlineData("never answers")]
    [InlineData("an error of the daemon")]
    [InlineData("not the JSON it should be")]
    [InlineData("capabilities of null")]
    public async Task One_container_that_cannot_be_inspected_hides_no_other(string how)
    {
        await using var daemon = await StandIn.StartAsync(async (http, id) =>
        {
            if (id != Bad)
                await http.Response.WriteAsync(Inspection(id, "[[\"gpu\"]]"));
            else if (how == "never answers")
                await Task.Delay(Timeout.Infinite, http.RequestAborted);
            else if (how == "an error of the daemon")
            {
                http.Response.StatusCode = 500;
                await http.Response.WriteAsync("""{"message":"RWLayer of container is unexpectedly nil"}""");
            }
            else
                await http.Response.WriteAsync(how == "capabilities of null" ? Inspection(id, "[null]") : """{"Id":"b","State":[]}""");
        });
        using var stop = new CancellationTokenSource();
        var source = daemon.Source();
        var run = source.RunAsync(stop.Token);

        await Eventually.TrueAsync(() => run.IsCompleted || source.Latest.Sample?.Containers.Any(c => c.Id.InstanceId == Good) == true);
        Assert.False(run.IsCompleted, run.Exception?.ToString());
        await stop.CancelAsync();
        await run.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_daemon_that_takes_connections_and_says_nothing_is_told_and_left_at_the_end()
    {
        await using var daemon = await StandIn.StartAsync((http, _) => Task.Delay(Timeout.Infinite, http.RequestAborted), silent: true);
        using var stop = new CancellationTokenSource();
        var source = daemon.Source();
        var run = source.RunAsync(stop.Token);
        await Eventually.TrueAsync(() => source.Latest.Error is not null);
        await stop.CancelAsync();
        await run.WaitAsync(TimeSpan.FromSeconds(5));
    }

    private static string Inspection(string id, string capabilities) => $$"""
        {"Id":"{{id}}","Name":"/{{id[..4]}}","State":{"Status":"running","Pid":1,"StartedAt":"2026-01-01T00:00:00Z"},
         "Config":{"Image":"i"},"HostConfig":{"DeviceRequests":[{"Driver":"","Count":0,"DeviceIDs":null,"Capabilities":{{capabilities}},"Options":{} }] } }
        """;

    private sealed class StandIn : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private readonly string _folder;

        private StandIn(WebApplication app, string folder) => (_app, _folder) = (app, folder);

        private string Socket => Path.Combine(_folder, "docker.sock");

        public static async Task<StandIn> StartAsync(Func<HttpContext, string, Task> inspect, bool silent = false)
        {
            var folder = Directory.CreateTempSubdirectory("headroom-docker-").FullName;
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(k => k.ListenUnixSocket(Path.Combine(folder, "docker.sock")));
            var app = builder.Build();
            app.Run(async http =>
            {
                var path = http.Request.Path.Value!;
                http.Response.ContentType = "application/json";
                try
                {
                    if (silent)
                        await Task.Delay(Timeout.Infinite, http.RequestAborted);
                    else if (path.EndsWith("/version", StringComparison.Ordinal))
                        await http.Response.WriteAsync("""{"Version":"28.0.0","ApiVersion":"1.51","MinAPIVersion":"1.24"}""");
                    else if (path.EndsWith("/info", StringComparison.Ordinal))
                        await http.Response.WriteAsync("""{"CgroupDriver":"systemd","CgroupVersion":"2"}""");
                    else if (path.EndsWith("/events", StringComparison.Ordinal))
                    {
                        await http.Response.Body.FlushAsync();
                        await Task.Delay(Timeout.Infinite, http.RequestAborted);
                    }
                    else if (path.EndsWith("/containers/json", StringComparison.Ordinal))
                        await http.Response.WriteAsync(JsonSerializer.Serialize(new[] { new { Id = Bad, State = "running" }, new { Id = Good, State = "running" } }));
                    else
                        await inspect(http, path.Contains(Bad, StringComparison.Ordinal) ? Bad : Good);
                }
                catch (OperationCanceledException)
                {
                    // the client went away
                }
            });
            await app.StartAsync();
            return new StandIn(app, folder);
        }

        public DockerWorkloadSource Source() => new(
            new DockerSourceOptions
            {
                Endpoint = new Uri("unix://" + Socket), CallTimeout = TimeSpan.FromMilliseconds(300), FullList = TimeSpan.FromMilliseconds(100),
                Reconnect = TimeSpan.FromMilliseconds(50),
            }, TimeProvider.System, NullLogger<DockerWorkloadSource>.Instance);

        public async ValueTask DisposeAsync()
        {
            using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
            await _app.StopAsync(now.Token);
            await _app.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
