using Headroom.Cli.Doctor;
using Headroom.Cli.Doctor.Checks;
using Headroom.Cli.Doctor.Facts;
using Headroom.Cli.Inject;
using Headroom.Containers;
using Headroom.Model;
using Headroom.Pages;
using static Headroom.Tests.Cli.Doctor.Patients;

namespace Headroom.Tests.Cli.Doctor;

/// <summary>What can be wrong with an injected container.</summary>
public sealed class InjectionCheckTests
{
    private const string Own = "/var/lib/headroom/pages/shop/chat";

    private static readonly ContainerSample Chat = Container("chat", 'a') with { State = ContainerState.Running, ComposeProject = "shop", ComposeService = "chat" };

    private static readonly Carrier Well = new(Chat, true, true, Own, new PageLook(PageState.Good, "a good page"), new CarrierUse(3, 3, 2, 0));

    public static TheoryData<string, object, object, object?, string> Situations => new()
    {
        { "all is well", Well, ContainerLibc.Glibc, Level.Ok, "right in 1 container: chat" },
        { "it does not run", Well with { Use = null }, ContainerLibc.Unknown, Level.Ok, "right in 1 container" },
        { "musl", Well with { Use = new CarrierUse(1, 0, 0, 0) }, ContainerLibc.Musl, Level.Fail, "none of its programs can start" },
        { "the page is gone", Well with { Page = new PageLook(PageState.Missing, "not there") }, ContainerLibc.Glibc, Level.Fail, "Docker will not start it again" },
        { "a folder", Well with { Page = new PageLook(PageState.NoPage, "a folder") }, ContainerLibc.Glibc, Level.Warn, "is a folder (/var/lib/headroom/pages/shop/chat): it runs without a cap" },
        { "another version", Well with { Page = new PageLook(PageState.OtherVersion, "a page of version 2") }, ContainerLibc.Glibc, Level.Warn, "inject --prepare" },
        { "hidden", Well with { Page = null }, ContainerLibc.Glibc, Level.Note, "run as root" },
        { "a neighbour's page", Well with { PagePath = "/var/lib/headroom/pages/shop/db" }, ContainerLibc.Glibc, Level.Warn, "its own is /var/lib/headroom/pages/shop/chat" },
        { "the page was replaced", Well with { Use = new CarrierUse(3, 3, 0, 2) }, ContainerLibc.Glibc, Level.Warn, "docker restart chat" },
        { "static", Well with { Use = new CarrierUse(2, 0, 0, 0) }, ContainerLibc.Neither, Level.Warn, "static programs): it is only watched" },
        { "no process takes it", Well with { Use = new CarrierUse(2, 0, 0, 0) }, ContainerLibc.Glibc, Level.Warn, "none of its processes has the library: it is only watched" },
        { "no LD_PRELOAD", Well with { Preloaded = false }, ContainerLibc.Glibc, Level.Warn, "LD_PRELOAD does not name the library" },
        { "no library", Well with { LibraryMounted = false, Use = null }, ContainerLibc.Glibc, Level.Warn, "it is not mounted" },
        { "no page mounted", Well with { PagePath = null, Page = null }, ContainerLibc.Glibc, Level.Warn, "no page is mounted" },
    };

    [Theory]
    [MemberData(nameof(Situations))]
    public void Each_fault_is_told_once_with_what_to_do(string situation, object carrier, object libc, object? level, string words)
    {
        var finding = Assert.Single(InjectionCheck.Of(new("/var/lib/headroom", [(Carrier)carrier], new Dictionary<string, ContainerLibc> { [Chat.Id.InstanceId] = (ContainerLibc)libc })));

        Assert.Equal((situation, level), (situation, finding.Level));
        Assert.Contains(words, Text([finding]), StringComparison.Ordinal);
        Assert.Equal(finding.Level != Level.Ok, finding.Advice is not null);
    }

    [Fact]
    public void Where_nothing_is_injected_nothing_is_said() =>
        Assert.Empty(InjectionCheck.Of(new("/var/lib/headroom", Carriers.Of([Container("chat", 'a')]), new Dictionary<string, ContainerLibc>())));

    [Theory]
    // musl's loader, glibc's loader, glibc itself, Alpine
    [InlineData(false, true, true, false, ContainerLibc.Glibc)]
    [InlineData(false, true, false, false, ContainerLibc.Glibc)]
    [InlineData(true, false, false, true, ContainerLibc.Musl)]
    [InlineData(true, false, false, false, ContainerLibc.Musl)]
    [InlineData(true, true, false, true, ContainerLibc.Musl)] // Alpine with gcompat
    [InlineData(true, true, true, true, ContainerLibc.Musl)] // Alpine with a whole glibc
    [InlineData(true, true, true, false, ContainerLibc.Glibc)] // Debian with its package musl
    [InlineData(false, false, false, false, ContainerLibc.Neither)]
    public async Task Images(bool musl, bool loader, bool glibc, bool alpine, object libc) =>
        Assert.Equal(libc, await LibcSigns.JudgeAsync(path => Task.FromResult(
            path.Contains("musl", StringComparison.Ordinal) ? musl
            : path.Contains("ld-linux-x86", StringComparison.Ordinal) ? loader
            : path == "/lib/x86_64-linux-gnu/libc.so.6" ? glibc
            : path == "/etc/alpine-release" && alpine)));
}
