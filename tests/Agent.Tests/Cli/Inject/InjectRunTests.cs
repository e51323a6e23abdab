using Headroom.Cli.Inject;
using Headroom.Cli.Inject.Compose;
using Headroom.Pages;
using Headroom.Run;
using Headroom.Tests.Support;

namespace Headroom.Tests.Cli.Inject;

/// <summary>The whole verb, with a Docker that is not there.</summary>
public sealed class InjectRunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-inject-").FullName;
    private readonly StringWriter _output = new();
    private readonly StringWriter _talk = new();
    private readonly Dictionary<string, string> _environment = [];

    private string State => $"{_folder}/state";

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string text, string name = "docker-compose.yml")
    {
        var path = Path.Combine(Directory.CreateDirectory($"{_folder}/shop").FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    private Task<int> RunAsync(InjectRequest request, byte[]? library, bool isRoot = true) =>
        new InjectRun(_output, _talk, _environment.GetValueOrDefault, TimeProvider.System).RunAsync(request, library, isRoot, TestContext.Current.CancellationToken);

    private InjectRequest Request(string file, params string[] services) => new()
    {
        File = file, Services = services, StateDirectory = State, Docker = new Uri($"unix://{_folder}/no.sock"),
    };

    private string Shown(StringWriter writer) => writer.ToString().Replace(_folder, "/DIR", StringComparison.Ordinal);

    [Fact]
    public async Task The_override_mounts_library_and_page_and_keeps_what_is_preloaded_already()
    {
        Write("LD_PRELOAD=/from/env_file.so\n", "b.env");
        Write("services: { chat: { environment: { LD_PRELOAD: '/later/${X}.so' } } }", "docker-compose.override.yml");
        var file = Write("""
            services:
              chat: { image: vllm, gpus: all, environment: { LD_PRELOAD: /first.so } }
              "on": { image: x, gpus: all, env_file: b.env }
              shell: { gpus: all, environment: [ LD_PRELOAD ] }
              plain: { gpus: all }
              db: { image: postgres }
            """);

        var code = await RunAsync(Request(file) with { AllGpuServices = true, Managed = ManagedMemory.Refuse, Project = "my-shop" }, [1, 2, 3]);

        Assert.Equal(ExitCode.Ok, code);
        Golden.Matches(Shown(_output), "override.yml");
        Assert.Equal([1, 2, 3], File.ReadAllBytes(PagePlaces.LibraryIn(State)));
        Assert.Equal(["chat", "on", "plain", "shell"], Directory.GetFiles($"{State}/pages/my-shop").Select(Path.GetFileName).Order());
        Assert.All(HostPlaces.Known(State), page => Assert.Equal(PageState.Good, PageMaker.Look(page).State));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(State));
        Assert.Contains("was not looked at; `headroom doctor`", _talk.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Print_only_touches_nothing_and_needs_neither_root_nor_a_library()
    {
        Assert.Equal(ExitCode.Ok, await RunAsync(Request(Write("services: { chat: { image: vllm } }"), "chat") with { PrintOnly = true }, null, isRoot: false));

        Assert.Contains($"source: \"{State}/pages/shop/chat\"", _output.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(State));
    }

    [Theory]
    [InlineData(false, true, "use sudo, or --print-only")]
    [InlineData(true, false, "this build has no libheadroom.so")]
    public async Task Without_root_or_library_nothing_is_printed_and_it_says_what_to_do(bool isRoot, bool hasLibrary, string words)
    {
        Assert.Equal(ExitCode.Failed, await RunAsync(Request(Write("services: { chat: { image: vllm } }"), "chat"), hasLibrary ? [1] : null, isRoot));

        Assert.Equal("", _output.ToString());
        Assert.Contains(words, _talk.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(State));
    }

    [Theory]
    [InlineData("services: { chat: { image: x }, embed: { image: x } }", "caht", false, "no service \"caht\"; there are chat, embed")]
    [InlineData("services: { chat: { image: x } }", "no", false, "there is chat")]
    [InlineData("include: [ other.yml ]\nservices: { chat: { image: x } }", "embed", false, "what it includes is not read")]
    [InlineData("services: { chat: { image: x } }", null, true, "no service asks for a GPU")]
    [InlineData("services: { chat: { image: x } }\nname: A B", "chat", false, "\"A B\" is no project name")]
    [InlineData("services: { 'a/../b': { image: x } }", "a/../b", false, "is no name of a compose project or service")]
    [InlineData("services: { chat: { image: x }", "chat", false, "docker-compose.yml:")]
    public async Task Wrong_input_is_told_and_nothing_made(string text, string? service, bool all, string words)
    {
        Assert.Equal(ExitCode.Usage, await RunAsync(Request(Write(text), service is null ? [] : [service]) with { AllGpuServices = all }, [1]));

        Assert.Equal("", _output.ToString());
        Assert.Contains(words, _talk.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(State));
    }

    [Fact]
    public async Task A_page_that_must_not_be_replaced_stops_it_all()
    {
        Directory.CreateDirectory($"{State}/pages/shop/chat/precious");

        Assert.Equal(ExitCode.Failed, await RunAsync(Request(Write("services: { chat: { image: x } }"), "chat"), [1]));

        Assert.Equal("", _output.ToString());
        Assert.Contains("it is a folder and not Headroom's", _talk.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Variables_of_the_project_s_own_env_file_and_of_the_shell_count()
    {
        Write("COMPOSE_PROJECT_NAME=fromfile\n", ".env");
        var file = Write("services: { chat: { image: x } }");

        await RunAsync(Request(file, "chat") with { PrintOnly = true }, null);
        _environment["COMPOSE_PROJECT_NAME"] = "fromshell";
        await RunAsync(Request(file, "chat") with { PrintOnly = true }, null);

        Assert.Contains("/pages/fromfile/chat", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("/pages/fromshell/chat", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Prepare_makes_again_what_containers_mount_and_can_be_repeated()
    {
        Assert.Equal(ExitCode.Ok, InjectPrepare.Run(State, [1], _talk)); // never injected: nothing to do
        Assert.False(Directory.Exists(State));
        PageMaker.Create($"{State}/pages/shop/chat");
        Directory.CreateDirectory($"{State}/pages/shop/embed"); // Docker was first
        File.WriteAllText($"{State}/pages/shop/vision", "cut off");
        File.WriteAllText($"{State}/pages/shop/chat~12", "left aside");

        Assert.Equal(ExitCode.Ok, InjectPrepare.Run(State, [1, 2], _talk));
        var first = File.GetLastWriteTimeUtc(PagePlaces.LibraryIn(State));
        Assert.Equal(ExitCode.Ok, InjectPrepare.Run(State, [1, 2], _talk));

        Assert.Equal(["chat", "embed", "vision"], HostPlaces.Known(State).Select(Path.GetFileName));
        Assert.All(HostPlaces.Known(State), page => Assert.Equal(PageState.Good, PageMaker.Look(page).State));
        Assert.Equal(first, File.GetLastWriteTimeUtc(PagePlaces.LibraryIn(State)));
        Directory.CreateDirectory($"{State}/pages/shop/mine/precious");
        Assert.Equal(ExitCode.Failed, InjectPrepare.Run(State, [1, 2], _talk));
    }
}
