using System.Runtime.InteropServices;
using Headroom.Interop.Linux;

namespace Headroom.Act.Freezing;

internal enum FreezerState
{
    Thawed,
    /// <summary>Asked to stand still; some of its tasks do not yet.</summary>
    Freezing,
    Frozen,
    /// <summary>See the error number.</summary>
    Unreadable,
}

/// <summary>The open freezer of one container. Both kernel interfaces are described in the kernel's own documentation: admin-guide/cgroup-v2.rst and
/// admin-guide/cgroup-v1/freezer-subsystem.rst.</summary>
internal sealed class FreezerFile : IBrake
{
    private readonly ControlFile _control;
    private readonly ControlFile? _events; // v2: where the kernel says that it stands still
    private readonly ControlFile? _self; // v1: whether it is we who hold it, or only what is above

    private FreezerFile(ControlFile control, ControlFile? events, ControlFile? self) => (_control, _events, _self) = (control, events, self);

    /// <summary>The last error number of the kernel; 0: none.</summary>
    public int Error { get; private set; }

    public bool IsGone => IsGoneBy(Error);

    /// <summary>Null where it cannot be opened or is not the container's own: then nothing of it was touched.</summary>
    public static FreezerFile? Open(FreezeTarget target, out bool gone, out string? why)
    {
        gone = false;
        why = WhyNot(target);
        if (why is not null)
            return null;
        var control = ControlFile.Open(target.File, write: true, out var error);
        var second = control is null ? null
            : ControlFile.Open(Path.Combine(target.Folder, target.IsV2 ? "cgroup.events" : "freezer.self_freezing"), write: false, out error);
        if (error == 0)
            return new FreezerFile(control!, target.IsV2 ? second : null, target.IsV2 ? null : second);
        control?.Dispose();
        gone = IsGoneBy(error);
        why = gone ? "the container is gone" : $"{target.File}: {Marshal.GetPInvokeErrorMessage(error)}: run as root on the host; in a container mount /sys/fs/cgroup read-write and use --cgroupns=host";
        return null;
    }

    /// <summary>Why nothing may ever be written there; null: it may.</summary>
    public static string? WhyNot(FreezeTarget target) =>
        !IsFullId(target.ContainerId) ? $"'{target.ContainerId}' is not a container's full id: nothing is written"
        : target.Launch is not null ? null // a page, which is judged when it is opened
        : !Path.IsPathFullyQualified(target.Folder) || target.Folder.Contains("/../", StringComparison.Ordinal)
            || Path.GetFileName(Owner(target.Folder))?.Contains(target.ContainerId, StringComparison.Ordinal) != true
            ? $"{target.Folder} does not end in the id of container {target.ContainerId[..12]}: nothing is written" : null;

    private static string? Owner(string folder) => Path.GetFileName(folder) == FreezeCell.Name ? Path.GetDirectoryName(folder) : folder;

    public static bool IsFullId(string id) => id.Length == 64 && id.All(char.IsAsciiHexDigitLower);

    /// <summary>False: see <see cref="Error"/>.</summary>
    public bool Write(bool frozen)
    {
        Error = _control.Write(_events is null ? frozen ? "FROZEN"u8 : "THAWED"u8 : frozen ? "1"u8 : "0"u8);
        return Error == 0;
    }

    /// <summary>What became of our own hand: a container that a person has paused stands still whatever we write, and counts as thawed when we have.</summary>
    public FreezerState Read()
    {
        Span<byte> buffer = stackalloc byte[256];
        if (!TryRead(_events ?? _control, buffer, out var text))
            return FreezerState.Unreadable;
        var stands = _events is not null ? text.IndexOf("frozen 1"u8) >= 0 : text.StartsWith("FROZEN"u8);
        if (_events is not null ? !stands : text.StartsWith("THAWED"u8))
            return FreezerState.Thawed;
        if (!TryRead(_self ?? _control, buffer, out var own))
            return FreezerState.Unreadable;
        return own.StartsWith("0"u8) ? FreezerState.Thawed : stands ? FreezerState.Frozen : FreezerState.Freezing;
    }

    public int? InFlightCap => null;

    public TimeSpan? Drain => null;

    /// <summary>The kernel keeps it as it is; the guard gives it back.</summary>
    public void Renew()
    {
    }

    private bool TryRead(ControlFile file, Span<byte> buffer, out ReadOnlySpan<byte> text)
    {
        Error = file.Read(buffer, out var count);
        text = buffer[..count];
        return Error == 0;
    }

    public void Dispose()
    {
        _control.Dispose();
        _events?.Dispose();
        _self?.Dispose();
    }

    private static bool IsGoneBy(int error) => error is ControlFile.Gone or Libc.NoEntry;
}
