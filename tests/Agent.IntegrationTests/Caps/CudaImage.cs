using System.Text.RegularExpressions;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests.Caps;

/// <summary>An image with this machine's C library, the CUDA double and its programs, and busybox, linked statically.</summary>
internal static partial class CudaImage
{
    public static void Import(DockerDaemon docker)
    {
        if (docker.Docker("images", "-q", CapsNode.Image).Length > 0)
            return;
        var root = Directory.CreateTempSubdirectory("headroom-cuda-image-").FullName;
        foreach (var folder in new[] { "bin", "tmp", "go", "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu" })
            Directory.CreateDirectory($"{root}/{folder}");
        File.Copy(new[] { "/bin/busybox", "/usr/bin/busybox" }.First(File.Exists), $"{root}/bin/busybox");
        foreach (var applet in new[] { "sh", "sleep", "usleep", "killall", "kill", "cat", "ls" })
            File.CreateSymbolicLink($"{root}/bin/{applet}", "busybox");
        foreach (var program in new[] { "greedy", "greedy-linked", "kernels", "torture" })
        {
            File.Copy($"{CudaDouble.Folder}/{program}", $"{root}/bin/{program}");
            foreach (Match library in Libraries().Matches(Shell.Run("ldd", $"{CudaDouble.Folder}/{program}")))
                Copy(library.Value, root);
        }
        foreach (var name in new[] { "libdl.so.2", "libpthread.so.0" })
            Copy(new[] { "/lib/x86_64-linux-gnu", "/lib64" }.Select(folder => $"{folder}/{name}").First(File.Exists), root);
        File.Copy($"{CudaDouble.Folder}/libcuda.so.1", $"{root}/usr/lib/x86_64-linux-gnu/libcuda.so.1");
        docker.Import(CapsNode.Image, root);
        Directory.Delete(root, recursive: true);
    }

    private static void Copy(string library, string root)
    {
        if (library.Contains("libcuda", StringComparison.Ordinal))
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(root + library)!);
        File.Copy(library, root + library, overwrite: true);
    }

    [GeneratedRegex(@"/\S+\.so[.\d]*")]
    private static partial Regex Libraries();
}
