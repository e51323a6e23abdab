using System.Text.Json;
using Headroom.IntegrationTests.Installing;
using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests.Stack;

/// <summary>Docker Compose, and the compose files that we ship.</summary>
internal static class Compose
{
    public const string Monitoring = "docker-compose.monitoring.yml";
    public const string Agent = "deploy/docker-compose.agent.yml";
    public const string Demo = "deploy/demo/docker-compose.yml";
    public const string Models = "deploy/examples/docker-compose.models.yml";
    public const string SocketProxy = "deploy/socket-proxy/docker-compose.socket-proxy.yml";

    /// <summary>As tests/compose.sh found or fetched it.</summary>
    public static string Program
    {
        get
        {
            if (Environment.GetEnvironmentVariable("HEADROOM_COMPOSE") is { Length: > 0 } given)
                return given;
            var kept = Server.Repository("artifacts/tools/docker-compose");
            if (File.Exists(kept))
                return kept;
            if (Environment.GetEnvironmentVariable("HEADROOM_TEST_ALL") == "1")
                throw new InvalidOperationException("HEADROOM_COMPOSE names no Docker Compose, and nothing may be skipped (HEADROOM_TEST_ALL=1)");
            Assert.Skip("needs Docker Compose 2.24.4: HEADROOM_COMPOSE=$(tests/compose.sh)");
            return "";
        }
    }

    /// <summary>Runs it; <c>NAME=value</c> words first are its environment.</summary>
    public static Shell.Result Try(params string[] words) =>
        Shell.Try("env", [.. words.TakeWhile(w => w.Contains('=', StringComparison.Ordinal)), Program, .. words.SkipWhile(w => w.Contains('=', StringComparison.Ordinal))]);

    /// <summary>What the files say together, checked by Compose itself.</summary>
    /// <param name="environment"><c>NAME=value</c>.</param>
    public static JsonElement Config(IEnumerable<string> files, params string[] environment)
    {
        var result = Try([.. environment, .. files.SelectMany(f => (string[])["-f", Server.Repository(f)]), "config", "--format", "json"]);
        if (result.ExitCode != 0)
            throw new InvalidOperationException($"compose refuses {string.Join(", ", files)}: {result.Errors}");
        // A variable that is not set is told as a warning, and is empty then.
        Assert.Equal("", result.Errors);
        return JsonDocument.Parse(result.Output).RootElement;
    }

    public static IEnumerable<JsonProperty> Services(JsonElement config) => config.GetProperty("services").EnumerateObject();
}
