using System.Text;
using Headroom.Interop.Linux;

namespace Headroom.Act.Guarding;

/// <summary>Whose journal it is: the agent of one runtime folder. A second agent that shares only the state folder would take the first one's holds from its guard.</summary>
internal static class JournalOwner
{
    /// <exception cref="IOException">A live agent of another runtime folder owns it.</exception>
    public static void Claim(string stateDirectory, string runtimeDirectory)
    {
        var path = Path.Combine(stateDirectory, "journal", "owner");
        if (File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } owner && owner != runtimeDirectory && IsAlive(owner))
            throw new IOException($"the journal in {stateDirectory} is of the agent that runs with --runtime-dir {owner}: give this one a --state-dir of its own.");
        DurableFile.Replace(path, Encoding.UTF8.GetBytes(runtimeDirectory + "\n"));
    }

    private static bool IsAlive(string runtimeDirectory)
    {
        try
        {
            using var page = LeasePage.Open(runtimeDirectory);
            return page?.Read() is { Pid: > 0 } lease && lease.IsFresh(BootClock.Instance.Nanoseconds());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return false;
        }
    }
}
