using Headroom.Run;

namespace Headroom.Tests.Run;

public sealed class AgentDirectoriesTests
{
    [Theory]
    [InlineData("root", true, false, "", "/var/lib/headroom", "/run/headroom")]
    [InlineData("root simulating leaves root's own alone", true, true, "HOME=/home/admin", "/home/admin/.local/state/headroom-simulated", "/run/headroom-simulated")]
    [InlineData("a user", false, false, "HOME=/home/li;XDG_RUNTIME_DIR=/run/user/1000", "/home/li/.local/state/headroom", "/run/user/1000/headroom")]
    [InlineData("a user with XDG", false, false, "XDG_STATE_HOME=/s;XDG_RUNTIME_DIR=/r", "/s/headroom", "/r/headroom")]
    [InlineData("the environment names them", true, false, "HEADROOM_STATE_DIR=/a;HEADROOM_RUNTIME_DIR=/b", "/a", "/b")]
    [InlineData("also for a simulation", true, true, "HEADROOM_STATE_DIR=/a;HEADROOM_RUNTIME_DIR=/b", "/a", "/b")]
    [InlineData("set to nothing is not set", true, false, "HEADROOM_STATE_DIR=;HEADROOM_RUNTIME_DIR=;XDG_STATE_HOME=;HOME=", "/var/lib/headroom", "/run/headroom")]
    public void Directories_follow_who_runs_it(string situation, bool isRoot, bool simulate, string environment, string state, string runtime)
    {
        var variables = environment.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=')).ToDictionary(v => v[0], v => v[1]);
        var directories = AgentDirectories.Resolve(null, null, simulate, isRoot, variables.GetValueOrDefault);
        Assert.True(new AgentDirectories(state, runtime) == directories, $"{situation}: {directories}");
    }

    [Fact]
    public void A_flag_wins_over_the_environment() =>
        Assert.Equal(new AgentDirectories("/f", "/g"), AgentDirectories.Resolve("/f", "/g", false, true, _ => "/env"));
}
