namespace Headroom.Cli.Inject;

/// <summary>libheadroom.so as it was built with this program, for this processor.</summary>
internal static class EmbeddedLibrary
{
    public const string Missing = "this build has no libheadroom.so: it was made where gcc was missing, or for another processor; "
        + "build it (`dotnet publish agent`) on Linux of this processor with gcc and libc6-dev installed";

    /// <summary>Null when this build has none.</summary>
    public static byte[]? Read()
    {
        using var stream = typeof(EmbeddedLibrary).Assembly.GetManifestResourceStream("libheadroom.so");
        if (stream is null)
            return null;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}
