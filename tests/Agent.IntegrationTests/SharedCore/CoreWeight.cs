namespace Headroom.IntegrationTests.SharedCore;

/// <summary>A parent cgroup of great CPU weight: what else this machine does at the time hardly reaches the containers below it, which among
/// themselves are as anywhere. Without cgroup v1's cpu controller there is none, and the machine had better be quiet.</summary>
internal sealed class CoreWeight : IDisposable
{
    private const string Name = "headroom-core";
    private const string Controllers = "/sys/fs/cgroup";
    /// <summary>The most that the kernel takes; a process outside has 1024.</summary>
    private const string Most = "262144";

    public CoreWeight()
    {
        if (!File.Exists($"{Controllers}/cpu/cpu.shares"))
            return;
        Directory.CreateDirectory($"{Controllers}/cpu/{Name}");
        File.WriteAllText($"{Controllers}/cpu/{Name}/cpu.shares", Most);
        Options = ["--cgroup-parent", $"/{Name}"];
    }

    /// <summary>Of <c>docker run</c>.</summary>
    public IReadOnlyList<string> Options { get; } = [];

    public void Dispose()
    {
        foreach (var controller in Directory.EnumerateDirectories(Controllers))
            if (Directory.Exists($"{controller}/{Name}"))
                RemoveEmpty($"{controller}/{Name}");
    }

    private static void RemoveEmpty(string cgroup)
    {
        try
        {
            Directory.Delete(cgroup);
        }
        catch (IOException)
        {
            // Another run of these tests has containers in it.
        }
    }
}
