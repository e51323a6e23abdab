namespace Headroom.Containers;

/// <summary>Which C library the programs of an image are made for. A preload library that is made for glibc ends every musl program at its start.</summary>
internal enum ContainerLibc
{
    /// <summary>Could not be looked at.</summary>
    Unknown,
    Glibc,
    Musl,
    /// <summary>Neither is where it usually is: static programs, which take no preload, or libraries in places of their own (Nix).</summary>
    Neither,
}

/// <summary>Files of an image -> its C library. Pure.</summary>
internal static class LibcSigns
{
    private static readonly string[] MuslLoaders = ["/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1"];

    private static readonly string[] GlibcLoaders = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];

    // Debian and Ubuntu; RHEL and SUSE; Arch.
    private static readonly string[] GlibcItself =
        ["/lib/x86_64-linux-gnu/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/usr/lib/libc.so.6"];

    private const string Alpine = "/etc/alpine-release";

    /// <summary>Asks no more than it must: each look is a call to the daemon.</summary>
    public static async Task<ContainerLibc> JudgeAsync(Func<string, Task<bool>> has)
    {
        // Alpine with a glibc shim (gcompat, libc6-compat) has glibc's loader too, and musl programs; Debian's package musl puts musl's loader beside glibc programs.
        if (await AnyAsync(MuslLoaders, has))
            return await has(Alpine) || !await AnyAsync(GlibcItself, has) ? ContainerLibc.Musl : ContainerLibc.Glibc;
        return await AnyAsync(GlibcLoaders, has) || await AnyAsync(GlibcItself, has) ? ContainerLibc.Glibc : ContainerLibc.Neither;
    }

    private static async Task<bool> AnyAsync(IEnumerable<string> paths, Func<string, Task<bool>> has)
    {
        foreach (var path in paths)
            if (await has(path))
                return true;
        return false;
    }
}
