using System.Net;
using System.Net.Sockets;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests;

/// <summary>The whole agent tells a channel what it did: the simulated server of the demo, a service on loopback.</summary>
public sealed class NotifyTests
{
    [Fact]
    public void A_hold_and_its_end_are_told_to_the_policys_channel()
    {
        var folder = Directory.CreateTempSubdirectory("headroom-notify-");
        using var service = new HttpListener();
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            service.Prefixes.Add($"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/");
        }
        service.Start();
        var messages = new System.Collections.Concurrent.ConcurrentQueue<string>();
        _ = Task.Run(async () =>
        {
            while (true)
            {
                var context = await service.GetContextAsync();
                using var reader = new StreamReader(context.Request.InputStream);
                messages.Enqueue(await reader.ReadToEndAsync());
                await context.Response.OutputStream.WriteAsync("""{"errcode":0,"errmsg":"ok"}"""u8.ToArray());
                context.Response.Close();
            }
        });
        try
        {
            File.WriteAllText($"{folder.FullName}/url", service.Prefixes.Single() + "robot/send?access_token=secret");
            File.WriteAllText($"{folder.FullName}/policy.yaml",
                File.ReadAllText(Path.Combine(DoubleBuild.RepositoryRoot("deploy/demo/policy.yaml"), "deploy", "demo", "policy.yaml"))
                + $"notify: [ {{ name: ops, type: dingtalk, urlFile: {folder.FullName}/url, language: zh }} ]\n");

            var test = RunningAgent.RunHeadroom("notify", "test", "--policy", $"{folder.FullName}/policy.yaml");
            Assert.True(test.ExitCode == 0, test.Output + test.Errors);
            Assert.Contains("ops (dingtalk): ok", test.Output, StringComparison.Ordinal);
            Assert.Contains("测试", Assert.Single(messages), StringComparison.Ordinal);

            using var agent = new RunningAgent("--simulate", "--simulate-speed", "4", "--policy", $"{folder.FullName}/policy.yaml");
            Eventually.True(() => messages.Any(m => m.Contains("painter", StringComparison.Ordinal) && m.Contains("(simulated)", StringComparison.Ordinal)), TimeSpan.FromMinutes(1), "a message of the hold");
            agent.ScrapeUntil(p => p["headroom_notifications_total{channel=\"ops\",result=\"sent\"}"] >= 1, "the message is counted");
            Assert.DoesNotContain("access_token", agent.Program.Output, StringComparison.Ordinal);
        }
        finally
        {
            service.Close();
            folder.Delete(recursive: true);
        }
    }
}
