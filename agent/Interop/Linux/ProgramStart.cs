using System.Runtime.InteropServices;

namespace Headroom.Interop.Linux;

/// <summary>Becomes another program: same pid, same parent, same files and terminal.</summary>
internal static unsafe partial class ProgramStart
{
    private const int BrokenPipe = 13; // SIGPIPE
    private const nint Default = 0; // SIG_DFL

    /// <summary>Does not return, unless it fails.</summary>
    /// <param name="words">The program, looked for in PATH where it has no slash, and its arguments.</param>
    /// <returns>Why not, in the kernel's words.</returns>
    public static string Become(IReadOnlyList<string> words)
    {
        // .NET ignores it, and what is ignored stays so in the next program: `job | head` would never end.
        _ = Signal(BrokenPipe, Default);
        var arguments = (byte**)NativeMemory.AllocZeroed((nuint)(words.Count + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < words.Count; i++)
            arguments[i] = (byte*)Marshal.StringToCoTaskMemUTF8(words[i]);
        _ = Execute(arguments[0], arguments);
        return Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
    }

    [LibraryImport("libc", EntryPoint = "execvp", SetLastError = true)]
    private static partial int Execute(byte* file, byte** arguments);

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    private static partial nint Signal(int number, nint handler);
}
