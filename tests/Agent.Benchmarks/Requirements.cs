namespace Headroom.IntegrationTests.Support;

/// <summary>What the linked Docker of the integration tests asks for. There a test is skipped; here the rows are left out before it is asked.</summary>
internal static class Requirements
{
    public static readonly string[] Docker = ["dockerd", "docker", "busybox", "ip"];

    public static void Need(params string[] programs)
    {
        var missing = programs.Where(p => !Shell.Has(p)).ToList();
        if (!Environment.IsPrivilegedProcess || missing.Count > 0)
            throw new InvalidOperationException($"this needs root and {string.Join(", ", programs)}; missing: {(missing.Count > 0 ? string.Join(", ", missing) : "root")}");
    }
}
