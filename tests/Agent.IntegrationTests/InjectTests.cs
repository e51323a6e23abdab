using Headroom.Cli.Inject;
using Headroom.Containers;
using Headroom.IntegrationTests.Support;
using Headroom.Pages;
using Headroom.Testing;

namespace Headroom.IntegrationTests;

/// <summary><c>headroom inject</c> beside a real Docker.</summary>
[Collection(nameof(OtherPatientNode))]
public sealed class InjectTests(DockerDaemon docker) : IDisposable
{
    private const string Musl = "headroom-test/musl:1";
    private const string Glibc = "headroom-test/glibc:1";

    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-inject-").FullName;

    private string State => $"{_folder}/state";

    public void Dispose()
    {
        docker.Remove("inject-musl", "inject-chat", "inject-static");
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void An_image_of_musl_is_refused_for_all_services_and_no_container_is_left()
    {
        ImportMusl();
        ImportGlibc();
        var compose = Compose($"services: {{ alpine: {{ image: '{Musl}' }}, debian: {{ image: '{Glibc}' }}, static: {{ image: '{DockerDaemon.Image}' }}, away: {{ image: 'headroom-test/none:9' }} }}");
        var before = docker.Docker("ps", "-aq");

        var refused = Headroom("inject", compose, "--service", "debian", "--service", "alpine", "--print-only");
        var printed = Headroom("inject", compose, "--service", "debian", "--service", "static", "--service", "away", "--print-only");

        Assert.Equal((1, ""), (refused.ExitCode, refused.Output));
        Assert.Contains("service alpine: its image headroom-test/musl:1 is of musl libc", refused.Errors, StringComparison.Ordinal);
        Assert.Equal(0, printed.ExitCode);
        // What the image preloads itself stays, its dollar not taken for a variable.
        Assert.Contains("LD_PRELOAD: \"/opt/$$own.so:/usr/local/lib/headroom/libheadroom.so\"", printed.Output, StringComparison.Ordinal);
        Assert.Contains("service static: its image headroom-test/box:1 has no C library", printed.Errors, StringComparison.Ordinal);
        Assert.Contains("service away: its image is not here", printed.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("service debian", printed.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(State));
        Assert.Equal(before, docker.Docker("ps", "-aq"));
    }

    [Fact]
    public async Task One_who_is_interrupted_while_he_looks_into_an_image_leaves_no_container()
    {
        ImportMusl();
        using var connection = await DockerConnection.OpenAsync(new Uri(docker.Socket), TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        using var stop = new CancellationTokenSource();
        var looking = Task.Run(async () => await new LibcProbe(connection, TimeProvider.System).OfServiceAsync("shop", "alpine", Musl, stop.Token), TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => looking.IsCompleted || docker.Docker("ps", "-aq", "--filter", $"label={LibcProbe.Label}") != "");
        await stop.CancelAsync();

        await looking.ContinueWith(_ => { }, TaskScheduler.Default);
        Assert.Equal("", docker.Docker("ps", "-aq", "--filter", $"label={LibcProbe.Label}"));
    }

    [Fact]
    public async Task A_container_with_the_mounts_of_the_override_shares_its_page_with_the_host_and_is_listed()
    {
        ImportGlibc();
        var compose = Compose($"services: {{ chat: {{ image: '{Glibc}' }} }}");
        using var output = new StringWriter();
        using var talk = new StringWriter();
        var code = await new InjectRun(output, talk, _ => null, TimeProvider.System).RunAsync(
            new InjectRequest { File = compose, Services = ["chat"], Project = "shop", StateDirectory = State, Docker = new Uri(docker.Socket) }, Library(), true,
            TestContext.Current.CancellationToken);
        Assert.True(code == 0, talk.ToString());
        await File.WriteAllTextAsync($"{_folder}/over.yml", output.ToString(), TestContext.Current.CancellationToken);
        var page = PagePlaces.PageOf(State, "shop", "chat");
        Assert.Contains($"source: \"{page}\"", output.ToString(), StringComparison.Ordinal);

        docker.RunImage(Glibc, "inject-chat", Options("shop", "chat", page), "/bin/sleep", "3600");
        Eventually.True(() => Word(page, 768) == 4711); // the library in it wrote into the host's file
        var list = Headroom("inject", "--list");
        var doctor = Doctor();
        var prepared = Headroom("inject", "--prepare");

        Assert.Equal(0, list.ExitCode);
        Assert.Contains($"page: {page}: a good page", list.Output, StringComparison.Ordinal);
        Assert.Contains("1 with the library, 1 with the page", list.Output, StringComparison.Ordinal);
        Assert.Contains($"undo: docker compose -p shop -f {compose} up -d chat", list.Output, StringComparison.Ordinal);
        Assert.Contains("the preload library is right in 1 container", doctor, StringComparison.Ordinal);
        if (EmbeddedLibrary.Read() is not null)
            Assert.Equal(0, prepared.ExitCode);
        Assert.Equal(4711ul, Word(page, 768)); // the same file still

        File.Delete(page);
        Assert.Contains($"its page {page} is not there: Docker will not start it again", Doctor(), StringComparison.Ordinal);
    }

    [Fact]
    public void Doctor_names_a_musl_container_that_carries_the_library_and_a_static_one_that_cannot_take_it()
    {
        ImportMusl();
        var page = PagePlaces.PageOf(State, "shop", "chat");
        PageMaker.Create(page);
        OwnFiles.PutLibrary(PagePlaces.LibraryIn(State), Library());
        docker.RunImage(Musl, "inject-musl", Options("shop", "chat", page), "busybox", "sleep", "3600");
        docker.RunImage(DockerDaemon.Image, "inject-static", Options("shop", "chat", page), "busybox", "sleep", "3600");

        var report = Doctor();

        Assert.Contains("is of musl libc and LD_PRELOAD names a library for glibc", report, StringComparison.Ordinal);
        Assert.Contains("none of its processes has the library (no C library in the image: static programs)", report, StringComparison.Ordinal);
    }

    private string[] Options(string project, string service, string page) =>
    [
        "--label", $"com.docker.compose.project={project}", "--label", $"com.docker.compose.service={service}", "--label", "com.docker.compose.container-number=1",
        "--label", $"com.docker.compose.project.config_files={_folder}/docker-compose.yml,{_folder}/over.yml",
        "-v", $"{PagePlaces.LibraryIn(State)}:{PagePlaces.LibraryInContainer}:ro", "-v", $"{page}:{PagePlaces.PageInContainer}", "-e", $"LD_PRELOAD={PagePlaces.LibraryInContainer}",
    ];

    private string Compose(string text)
    {
        File.WriteAllText($"{_folder}/docker-compose.yml", text);
        return $"{_folder}/docker-compose.yml";
    }

    private Shell.Result Headroom(params string[] arguments) => RunningAgent.RunHeadroom([.. arguments, "--docker", docker.Socket, "--state-dir", State]);

    private string Doctor()
    {
        using var machine = FakeMachine.TwoA100(NvmlVariant.R470);
        return RunningAgent.RunHeadroom(
            "doctor", "--docker", docker.Socket, "--nvml", machine.LibraryPath, "--metrics-listen", "127.0.0.1:0", "--runtime-dir", _folder, "--state-dir", State).Output;
    }

    /// <summary>What of libheadroom these tests need: it maps its page and writes into it.</summary>
    private byte[] Library()
    {
        File.WriteAllText($"{_folder}/lib.c", """
            #include <fcntl.h>
            #include <sys/mman.h>
            __attribute__((constructor)) static void load(void)
            {
                int file = open("/run/headroom/page", O_RDWR);
                long *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
                if (page != MAP_FAILED)
                    page[768 / 8] = 4711;
            }
            """);
        Shell.Run("gcc", "-shared", "-fPIC", "-o", $"{_folder}/lib.so", $"{_folder}/lib.c");
        return File.ReadAllBytes($"{_folder}/lib.so");
    }

    private void ImportMusl()
    {
        var root = Box("musl");
        File.WriteAllText($"{Directory.CreateDirectory($"{root}/lib").FullName}/ld-musl-x86_64.so.1", "");
        File.WriteAllText($"{root}/lib/ld-musl-aarch64.so.1", "");
        docker.Import(Musl, root);
    }

    /// <summary>A program of this machine with the libraries that it needs.</summary>
    private void ImportGlibc()
    {
        var root = Box("glibc");
        File.Copy("/bin/sleep", $"{root}/bin/sleep");
        foreach (var word in Shell.Run("ldd", "/bin/sleep").Split([' ', '\n', '\t']).Where(w => w.StartsWith('/')))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(root + word)!);
            File.Copy(word, root + word, overwrite: true);
        }
        Shell.Run("sh", "-c", $"tar c -C {root} . | docker -H {docker.Socket} import -c 'ENV PATH=/bin' -c 'ENV LD_PRELOAD=/opt/\\$own.so' - {Glibc}");
    }

    private string Box(string name)
    {
        var root = $"{_folder}/{name}";
        File.Copy(new[] { "/bin/busybox", "/usr/bin/busybox" }.First(File.Exists), $"{Directory.CreateDirectory($"{root}/bin").FullName}/busybox");
        return root;
    }

    private static ulong Word(string page, int at) => BitConverter.ToUInt64(File.ReadAllBytes(page), at);
}
