using Headroom.Model;

namespace Headroom.Act.Guarding;

/// <summary>The freezer file of one hold, as its undo names it.</summary>
/// <param name="Path">Checked: a freezer file below the container's own cgroup.</param>
/// <param name="Frozen">What the file reads by our hand.</param>
/// <param name="Thawed">What gives it back.</param>
internal sealed record FreezerFile(string Path, string Frozen, string Thawed)
{
    private const string V1 = "freezer.state";
    private const string V2 = "cgroup.freeze";

    /// <summary>The file that a hold may touch; null, with the reason, for any other: the journal is data, and data can be wrong.</summary>
    public static FreezerFile? Of(Hold hold, out string refusal)
    {
        refusal = "";
        if (hold.Undo is not { Kind: UndoKind.WriteIfOurs } undo)
            refusal = "its undo is no write";
        else if (!IsId(hold.Workload.InstanceId))
            refusal = $"\"{hold.Workload.InstanceId}\" is no container id";
        else if (!System.IO.Path.IsPathRooted(undo.Target) || System.IO.Path.GetFullPath(undo.Target) != undo.Target)
            refusal = $"\"{undo.Target}\" is no plain absolute path";
        else if (!System.IO.Path.GetDirectoryName(undo.Target)!.Contains(hold.Workload.InstanceId, StringComparison.Ordinal))
            refusal = $"{undo.Target} is not of container {WorkloadId.Short(hold.Workload.InstanceId)}";
        else if ((System.IO.Path.GetFileName(undo.Target), undo.Ours, undo.Value) is not ((V1, "FROZEN", "THAWED") or (V2, "1", "0")))
            refusal = $"writing \"{undo.Value}\" over \"{undo.Ours}\" in {undo.Target} thaws nothing";
        else
            return new FreezerFile(undo.Target, undo.Ours!, undo.Value!);
        return null;
    }

    /// <summary>Its word; null when it is gone, and the container's processes with it.</summary>
    public string? Read()
    {
        try
        {
            return File.ReadAllText(Path).Trim();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException || IsGone(e))
        {
            return null;
        }
    }

    /// <summary>Whether this word is our freeze; v1 says FREEZING while not all its tasks stand still.</summary>
    public bool IsOurs(string word) => word == Frozen || (word == "FREEZING" && IsV1);

    /// <summary>Writes; never makes the file. False when it is gone.</summary>
    public bool TryWrite(string word)
    {
        try
        {
            using var file = new FileStream(Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write(System.Text.Encoding.ASCII.GetBytes(word));
            return true;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException || IsGone(e))
        {
            return false;
        }
    }

    /// <summary>Whether nothing of ours keeps it from running, or it is gone. What a person has paused above it stands still all the same.</summary>
    public bool Runs()
    {
        if (Read() is not { } word)
            return true;
        if (IsV1)
            return word == Thawed || Beside("freezer.self_freezing") is "0";
        // What was asked for; cgroup.events tells what was reached, what is above counted in.
        return word == Thawed;
    }

    private string? Beside(string name)
    {
        try
        {
            return File.ReadAllText(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, name)).Trim();
        }
        catch (IOException)
        {
            return null;
        }
    }

    private bool IsV1 => System.IO.Path.GetFileName(Path) == V1;

    // ENODEV: the cgroup was removed while the file was open.
    private static bool IsGone(Exception e) => e is IOException && (e.HResult & 0xffff) == 19;

    private static bool IsId(string id) => id.Length == 64 && id.All(char.IsAsciiHexDigitLower);
}
