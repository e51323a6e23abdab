using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests.Installing;

/// <summary><c>deploy/install.sh</c> on a server: units, updates, what goes wrong.</summary>
[Collection(nameof(Node))]
public sealed class InstallTests : IDisposable
{
    private readonly Server _server = new();

    public void Dispose() => _server.Dispose();

    [Fact]
    public void A_first_install_runs_and_a_second_changes_nothing_and_an_update_restarts_the_guard_before_the_agent()
    {
        Put("headroom", Native.Binary);

        var first = _server.Install("/srv/headroom");

        Assert.True(first.ExitCode == 0, first.Output + first.Errors);
        Assert.Equal(
            ["daemon-reload", "enable --quiet headroom-guard.service", "enable --quiet headroom-pages.service", "enable --quiet headroom.service", "restart headroom-guard.service", "restart headroom.service"],
            _server.Calls());
        var status = _server.Run("headroom", "status", "--json").Output;
        Assert.Contains("\"mode\":\"observe\"", status, StringComparison.OrdinalIgnoreCase);

        var (guard, agent) = (_server.Pid("headroom-guard"), _server.Pid("headroom"));
        File.AppendAllText($"{_server.Root}/etc/headroom/headroom.env", "# mine\n");
        var before = _server.Files();
        var second = _server.Install("/srv/headroom");
        Assert.Equal(0, second.ExitCode);
        Assert.Empty(_server.Calls());
        Assert.Equal(before, _server.Files());
        Assert.Equal((guard, agent), (_server.Pid("headroom-guard"), _server.Pid("headroom")));

        // Another build: it still runs with something behind its end.
        File.AppendAllText($"{_server.Root}/srv/headroom", "another build");
        var update = _server.Install("/srv/headroom");
        Assert.True(update.ExitCode == 0, update.Output + update.Errors);
        Assert.Equal(["daemon-reload", "restart headroom-guard.service", "restart headroom.service"], _server.Calls());
        Assert.EndsWith("another build", _server.Read("/usr/bin/headroom"), StringComparison.Ordinal);
        Assert.EndsWith("# mine\n", _server.Read("/etc/headroom/headroom.env"), StringComparison.Ordinal);

        var removed = _server.Install("--uninstall");
        Assert.True(removed.ExitCode == 0, removed.Output + removed.Errors);
        Assert.Equal("stop headroom.service", _server.Calls()[0]);
        Assert.False(_server.Has("/usr/bin/headroom") || _server.Has("/run/headroom") || _server.Has("/etc/systemd/system/headroom.service"));
        Assert.True(_server.Has("/etc/headroom/policy.yaml") && _server.Has("/var/lib/headroom"));
        Assert.Equal("Headroom is not installed.\n", _server.Install("--uninstall").Output);
        Assert.Equal(0, _server.Install("--uninstall", "--purge").ExitCode);
        Assert.False(_server.Has("/etc/headroom") || _server.Has("/var/lib/headroom"));
    }

    [Fact]
    public void An_update_that_does_not_run_brings_the_former_binary_back_and_it_runs()
    {
        Put("headroom", Native.Binary);
        Assert.Equal(0, _server.Install("/srv/headroom").ExitCode);
        // Tells its version, watches as the guard, and is no agent.
        File.WriteAllText($"{_server.Root}/srv/no-agent.c", """
            #include <stdio.h>
            #include <string.h>
            #include <unistd.h>
            int main(int n, char **words)
            {
                if (n == 2 && strcmp(words[1], "guard") == 0)
                    pause();
                if (n == 2 && strcmp(words[1], "run") == 0)
                    return fputs("no agent\n", stderr), 1;
                return puts("9.9.9") < 0;
            }
            """);
        Shell.Run("gcc", "-o", $"{_server.Root}/srv/no-agent", $"{_server.Root}/srv/no-agent.c");

        var failed = _server.Install("/srv/no-agent");

        Assert.True(failed.ExitCode == 1, failed.Output + failed.Errors);
        Assert.Contains("    no agent\n", failed.Errors, StringComparison.Ordinal);
        Assert.Contains("the former binary and units are back, and run", failed.Errors, StringComparison.Ordinal);
        Assert.Equal(0, _server.Run("cmp", "/srv/headroom", "/usr/bin/headroom").ExitCode);
        Assert.Equal(0, _server.Run("headroom", "status").ExitCode);
        Assert.Equal("headroom\n", _server.Run("ls", "-A", "/usr/bin").Output.Replace("bash\n", "", StringComparison.Ordinal));
    }

    [Fact]
    public void All_that_is_in_the_way_is_told_at_once_and_nothing_is_changed()
    {
        Put("headroom", Native.Binary);
        File.WriteAllText($"{_server.Root}/fake/running", "offline\n");
        File.WriteAllText($"{_server.Root}/fake/headroom-guard.loadstate", "masked");
        Directory.CreateDirectory($"{_server.Root}/etc/headroom");
        File.WriteAllText($"{_server.Root}/etc/headroom/headroom.env", "HEADROOM_POLICY=\"/etc/headroom/mine.yaml\"\n");
        File.WriteAllText($"{_server.Root}/etc/headroom/mine.yaml", "apiVersion: headroom/v1\nmoode: enforce\n");
        var before = _server.Files();

        var refused = _server.Install("/srv/headroom");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("  - systemd does not run here", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("  - headroom-guard.service is masked: systemctl unmask", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("does not take the policy /etc/headroom/mine.yaml:\n      /etc/headroom/mine.yaml:2:1:", refused.Errors, StringComparison.Ordinal);
        Assert.Equal(before, _server.Files());
        Assert.Empty(_server.Calls());
    }

    [Fact]
    public void Beside_an_agent_that_these_units_did_not_start_nothing_is_installed_and_nothing_removed()
    {
        Put("headroom", Native.Binary);
        using var other = _server.Start("/srv/headroom", "run", "--control-listen", "off");
        Eventually.True(() => _server.Has("/run/headroom/lease"), TimeSpan.FromSeconds(30), "the other agent's lease");
        var before = _server.Files();

        var install = _server.Install("/srv/headroom");
        var purge = _server.Install("--uninstall", "--purge");

        foreach (var refused in (Shell.Result[])[install, purge])
        {
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains($"Headroom runs already without these units (pid {other.Pid}), on the same /run/headroom", refused.Errors, StringComparison.Ordinal);
        }
        Assert.Equal(before, _server.Files());
    }

    [Fact]
    public void Not_started_where_that_is_not_wanted()
    {
        Put("headroom", Native.Binary);

        Assert.Equal(0, _server.Install("/srv/headroom", "--no-start").ExitCode);

        Assert.DoesNotContain(_server.Calls(), c => c.Contains("start", StringComparison.Ordinal));
        Assert.False(_server.Has("/fake/headroom.pid"));
    }

    private void Put(string name, string binary) => Shell.Run("install", "-m", "0755", binary, $"{_server.Root}/srv/{name}");
}
