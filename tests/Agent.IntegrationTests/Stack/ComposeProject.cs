using Headroom.IntegrationTests.Installing;
using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests.Stack;

/// <summary>A compose file that we ship, started on a daemon of the tests' own; gone with its volumes at the end.</summary>
internal sealed class ComposeProject : IDisposable
{
    private readonly DockerDaemon _docker;
    private readonly string[] _before, _files;

    /// <param name="files">Of the repository, or absolute.</param>
    /// <param name="environment"><c>NAME=value</c>.</param>
    public ComposeProject(DockerDaemon docker, IEnumerable<string> files, params string[] environment)
    {
        _docker = docker;
        _before = [$"DOCKER_HOST={docker.Socket}", .. environment];
        _files = [.. files.SelectMany(f => (string[])["-f", Server.Repository(f)])];
    }

    public string Run(params string[] words)
    {
        var result = Compose.Try([.. _before, .. _files, .. words]);
        return result.ExitCode == 0 ? result.Output : throw new InvalidOperationException($"compose {string.Join(' ', words)} ended with {result.ExitCode}: {result.Errors}{result.Output}");
    }

    public bool Succeeds(params string[] words) => Compose.Try([.. _before, .. _files, .. words]).ExitCode == 0;

    public string Logs(params string[] services) => Compose.Try([.. _before, .. _files, "logs", "--no-color", "--tail", "100", .. services]).Output;

    public string Container(string service) => Run("ps", "-aq", service).Trim();

    /// <summary>healthy, unhealthy, starting.</summary>
    public string Health(string service) => _docker.Docker("inspect", "-f", "{{.State.Health.Status}}", Container(service));

    public void Dispose() => Compose.Try([.. _before, .. _files, "down", "--volumes", "--timeout", "5"]);
}
