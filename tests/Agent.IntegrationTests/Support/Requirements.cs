namespace Headroom.IntegrationTests.Support;

/// <summary>What a test of this project needs of the machine. <c>tests/run.sh</c> installs it all and runs as root, so that nothing is skipped there;
/// a plain <c>dotnet test</c> without it skips, and says what is missing.</summary>
internal static class Requirements
{
    public static void Need(params string[] programs)
    {
        var missing = programs.Where(p => !Shell.Has(p)).ToList();
        var why = !Environment.IsPrivilegedProcess ? "root" : missing.Count > 0 ? string.Join(", ", missing) : null;
        if (why is null)
            return;
        if (Environment.GetEnvironmentVariable("HEADROOM_TEST_ALL") == "1")
            throw new InvalidOperationException($"this machine lacks {why}, and nothing may be skipped (HEADROOM_TEST_ALL=1)");
        Assert.Skip($"needs {why}: run tests/run.sh, which installs and starts what is needed");
    }
}
