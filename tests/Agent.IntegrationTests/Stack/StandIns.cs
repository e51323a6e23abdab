using System.Text.RegularExpressions;
using Headroom.IntegrationTests.Installing;
using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests.Stack;

/// <summary>Images under the names that the compose files have, made of Debian's programs and our own binary: no registry is asked.</summary>
internal static partial class StandIns
{
    public static void Import(DockerDaemon docker)
    {
        Make(docker, "headroom:0.1.0", ("/usr/bin/headroom", Native.Binary), root =>
        {
            // Loaded at run time.
            foreach (var library in Directory.GetFiles("/usr/lib/x86_64-linux-gnu", "libssl.so.*").Concat(Directory.GetFiles("/usr/lib/x86_64-linux-gnu", "libcrypto.so.*")))
                Copy(library, root);
        }, "LABEL headroom.exempt=true");
        // Volumes take the owner of the folder that they cover.
        Make(docker, "docker.io/prom/prometheus:v3.13.2", ("/bin/prometheus", Found("prometheus")), root => Owned($"{root}/prometheus"), "USER 65534");
        Make(docker, "docker.io/prom/alertmanager:v0.34.0", ("/bin/alertmanager", Found("prometheus-alertmanager")), root =>
        {
            Owned($"{root}/alertmanager");
            // Debian's has its default template in a file.
            Directory.CreateDirectory($"{root}/usr/share/prometheus");
            Shell.Run("cp", "-r", "/usr/share/prometheus/alertmanager", $"{root}/usr/share/prometheus/alertmanager");
        }, "USER 65534");
    }

    private static void Make(DockerDaemon docker, string image, (string At, string File) program, Action<string> more, params string[] changes)
    {
        var root = Directory.CreateTempSubdirectory("headroom-standin-").FullName;
        foreach (var folder in (string[])["bin", "usr/bin", "etc", "tmp", "run", "var/lib", "proc", "sys", "dev"])
            Directory.CreateDirectory($"{root}/{folder}");
        File.Copy(new[] { "/bin/busybox", "/usr/bin/busybox" }.First(File.Exists), $"{root}/bin/busybox");
        foreach (var applet in (string[])["sh", "cat", "cut", "head", "base64", "tr", "mv", "chown", "chmod", "grep", "od", "wget"])
            File.CreateSymbolicLink($"{root}/bin/{applet}", "busybox");
        File.Copy(program.File, root + program.At);
        foreach (Match library in Libraries().Matches(Shell.Run("ldd", program.File)))
            Copy(library.Value, root);
        more(root);
        Shell.Run("sh", "-c", $"tar c -C {root} . | docker -H {docker.Socket} import {string.Concat(changes.Select(c => $"-c '{c}' "))}"
            + $"-c 'ENV PATH=/bin:/usr/bin' -c 'ENTRYPOINT [\"{program.At}\"]' - {image}");
        Directory.Delete(root, recursive: true);
    }

    private static string Found(string program) => Shell.Run("sh", "-c", $"command -v {program}");

    private static void Owned(string folder) => Shell.Run("install", "-d", "-o", "65534", "-g", "65534", folder);

    private static void Copy(string library, string root)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(root + library)!);
        File.Copy(library, root + library, overwrite: true);
    }

    [GeneratedRegex(@"/\S+\.so[.\d]*")]
    private static partial Regex Libraries();
}
