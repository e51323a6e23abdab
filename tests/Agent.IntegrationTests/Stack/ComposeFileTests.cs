using System.Text.Json;
using System.Text.RegularExpressions;
using Headroom.IntegrationTests.Installing;
using Headroom.Policies;

namespace Headroom.IntegrationTests.Stack;

/// <summary>The compose files, as Compose itself reads them.</summary>
public sealed partial class ComposeFileTests
{
    public static TheoryData<string> Files => [Compose.Monitoring, Compose.Agent, Compose.Demo, Compose.Models];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_service_is_pinned_watched_limited_and_comes_back(string file)
    {
        foreach (var (name, service) in Services(Config(file)))
        {
            Assert.Matches(@"[^/]+:v?\d[^:/]*$", Text(service, "image"));
            Assert.Equal(["max-file", "max-size"], service.GetProperty("logging").GetProperty("options").EnumerateObject().Select(o => o.Name).Order());
            // It runs once and ends.
            Assert.Equal(name == "prepare", !service.TryGetProperty("healthcheck", out _));
            Assert.Contains(Text(service, "restart"), name == "prepare" ? ["no"] : (string[])["always", "unless-stopped", "on-failure"]);
            // Agent and guard have none on purpose: who gives back must not die of it.
            if (name is not ("agent" or "guard") || file == Compose.Demo)
                Assert.True(Limits(service).TryGetProperty("memory", out _) && Limits(service).TryGetProperty("cpus", out _) && Limits(service).TryGetProperty("pids", out _), name);
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Nothing_is_privileged_and_no_port_is_open_beyond_this_machine(string file)
    {
        foreach (var (name, service) in Services(Config(file)))
        {
            Assert.False(service.TryGetProperty("privileged", out _), name);
            if (service.TryGetProperty("ports", out var ports))
                Assert.All(ports.EnumerateArray(), port => Assert.Equal("127.0.0.1", Text(port, "host_ip")));
            if (file == Compose.Models)
                continue;
            Assert.Equal("ALL", Assert.Single(Strings(service, "cap_drop")));
            Assert.Contains("no-new-privileges=true", Strings(service, "security_opt"));
            Assert.True(service.GetProperty("read_only").GetBoolean(), name);
            Assert.Equal(name switch
            {
                "guard" => ["DAC_OVERRIDE", "KILL", "SYS_PTRACE"],
                "agent" when file != Compose.Demo => ["DAC_OVERRIDE", "DAC_READ_SEARCH", "NET_ADMIN", "NET_RAW", "SYS_ADMIN", "SYS_NICE", "SYS_PTRACE"],
                "prepare" => ["CHOWN", "DAC_OVERRIDE"],
                _ => [],
            }, Strings(service, "cap_add").Order());
            Assert.Equal(file != Compose.Demo && name is "agent" or "guard", Mounts(service).Any(m => m.EndsWith("docker.sock", StringComparison.Ordinal)));
            Assert.Equal("true", service.GetProperty("labels").GetProperty("headroom.exempt").GetString());
        }
    }

    [Fact]
    public void Each_right_is_said_with_what_needs_it()
    {
        var lines = File.ReadAllLines(Server.Repository(Compose.Agent));
        var rights = lines.Where(line => Right().IsMatch(line)).ToList();
        Assert.Equal(10, rights.Count);
        Assert.All(rights, line => Assert.Matches("# [a-z].{10,}$", line));
        // In the page about security too.
        var page = File.ReadAllText(Server.Repository("docs/security.md"));
        Assert.All(rights, line => Assert.Contains($"`{Right().Match(line).Groups[1].Value}`", page, StringComparison.Ordinal));
    }

    [Fact]
    public void Agent_and_guard_of_the_stack_are_those_of_the_file_of_their_own()
    {
        var (alone, stack) = (Config(Compose.Agent).GetProperty("services"), Config(Compose.Monitoring).GetProperty("services"));
        Assert.Equal(alone.GetProperty("guard").GetRawText(), stack.GetProperty("guard").GetRawText());
        var differs = stack.GetProperty("agent").EnumerateObject()
            .Where(p => !alone.GetProperty("agent").TryGetProperty(p.Name, out var other) || other.GetRawText() != p.Value.GetRawText()).Select(p => p.Name);
        Assert.Equal(["depends_on", "environment"], differs.Order());
    }

    [Fact]
    public void Images_come_from_the_registry_that_is_named_and_ours_has_the_version_that_is_built()
    {
        var version = Regex.Match(File.ReadAllText(Server.Repository("Directory.Build.props")), "<VersionPrefix>(.+)</VersionPrefix>").Groups[1].Value;
        foreach (var file in Files)
            foreach (var (name, service) in Services(Compose.Config([file.Data], "HEADROOM_REGISTRY=mirror.example.com/hub", "NVIDIA_REGISTRY=mirror.example.com/nv")))
                if (Text(service, "image") is var image && image != $"headroom:{version}")
                    Assert.StartsWith("mirror.example.com/", image, StringComparison.Ordinal);
    }

    [Fact]
    public void With_the_socket_proxy_neither_agent_nor_guard_has_the_socket_of_Docker()
    {
        foreach (var (name, service) in Services(Compose.Config([Compose.Monitoring, Compose.SocketProxy], "DOCKER_GID=998")))
        {
            Assert.Equal(name == "socket-proxy", Mounts(service).Any(m => m.EndsWith("/docker.sock", StringComparison.Ordinal)));
            if (name is "agent" or "guard")
                Assert.Equal("unix:///filtered/docker.sock", service.GetProperty("environment").GetProperty("HEADROOM_DOCKER").GetString());
        }
    }

    [Fact]
    public void The_labels_of_the_sample_services_are_right()
    {
        var presets = Directory.GetFiles(Server.Repository("agent/Policies/Presets"), "*.yaml").Select(f => new Model.Preset { Name = Path.GetFileNameWithoutExtension(f) }).ToList();
        foreach (var (_, service) in Services(Config(Compose.Models)))
        {
            var labels = service.GetProperty("labels").EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString()!);
            var read = Labels.Read(labels, presets);
            Assert.Empty(read.Mistakes);
            Assert.True(read.Enable);
            Assert.NotNull(read.Priority);
        }
    }

    private static JsonElement Config(string file) => Compose.Config([file]);

    private static IEnumerable<(string Name, JsonElement Service)> Services(JsonElement config) => Compose.Services(config).Select(s => (s.Name, s.Value));

    private static string Text(JsonElement of, string name) => of.GetProperty(name).GetString()!;

    private static IEnumerable<string> Strings(JsonElement of, string name) =>
        of.TryGetProperty(name, out var list) ? list.EnumerateArray().Select(e => e.GetString()!) : [];

    private static JsonElement Limits(JsonElement service) => service.GetProperty("deploy").GetProperty("resources").GetProperty("limits");

    private static IEnumerable<string> Mounts(JsonElement service) =>
        service.TryGetProperty("volumes", out var volumes) ? volumes.EnumerateArray().Select(v => v.TryGetProperty("source", out var source) ? source.GetString()! : "") : [];

    [GeneratedRegex(@"^ +- ([A-Z_]{3,})\b")]
    private static partial Regex Right();
}
