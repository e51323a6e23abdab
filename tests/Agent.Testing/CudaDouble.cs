namespace Headroom.Testing;

/// <summary>The double of libcuda and the programs that use it (<c>tests/fakes/cuda</c>), and the library that caps them (<c>agent/preload</c>).</summary>
internal static class CudaDouble
{
    private static readonly Lazy<string> Built = new(() => DoubleBuild.Run("cuda"));
    private static readonly Lazy<string> Preload = new(() => DoubleBuild.RunScript(Path.Combine("agent", "preload", "build.sh"), "preload"));

    /// <summary>Folder with libcuda.so.1 and the programs, built once a test process.</summary>
    public static string Folder => Built.Value;
    /// <summary>libheadroom.so.</summary>
    public static string Library => Path.Combine(Preload.Value, "libheadroom.so");
    /// <summary>Folder with libheadroom.so and page_layout.</summary>
    public static string PreloadFolder => Preload.Value;
}
