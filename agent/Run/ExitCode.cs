namespace Headroom.Run;

/// <summary>What <c>headroom</c> ends with.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Failed = 1;
    /// <summary>Bad usage or configuration: nothing was started.</summary>
    public const int Usage = 2;
    /// <summary><c>plan</c> has changes.</summary>
    public const int Changes = 3;
}
