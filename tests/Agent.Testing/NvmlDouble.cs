using System.Text;

namespace Headroom.Testing;

/// <summary>Which driver's library the double is; see the head of <c>tests/fakes/nvml/nvml.c</c>.</summary>
internal enum NvmlVariant
{
    /// <summary>As of CUDA 13.4: VRAM limits of cgroups.</summary>
    R615,
    /// <summary>As of CUDA 13.</summary>
    Full,
    /// <summary>Early 535: process lists with a stride of 32 bytes.</summary>
    R535,
    /// <summary>Without memory v2, v3 process lists and GPM.</summary>
    R470,
}

/// <summary>The C double's libraries, built once a test process.</summary>
internal static class NvmlDouble
{
    public const string FileName = "libnvidia-ml.so.1";
    private const string Marker = "@headroom-nvml-double-version@";
    private const int MarkerField = 32;
    private const int VersionField = 80;

    private static readonly Lazy<string> Built = new(() => DoubleBuild.Run("nvml"));

    /// <summary>Puts the variant, shipped as <paramref name="version"/>, at <paramref name="path"/>: a new file moved over the old one,
    /// as a driver's package does. Who has the old one open keeps it.</summary>
    public static void Install(NvmlVariant variant, string version, string path)
    {
        var library = File.ReadAllBytes(Path.Combine(Built.Value, variant.ToString().ToLowerInvariant(), FileName));
        var marker = library.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Marker));
        if (marker < 0)
            throw new InvalidOperationException($"{FileName} ({variant}) has no version marker: was it built from tests/fakes/nvml?");
        Layout.CText.Write(library.AsSpan(marker + MarkerField, VersionField), version);

        var aside = path + ".new";
        File.WriteAllBytes(aside, library);
        File.Move(aside, path, overwrite: true);
    }
}
