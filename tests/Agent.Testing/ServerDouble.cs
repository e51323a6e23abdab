namespace Headroom.Testing;

/// <summary>The model server, its batch neighbours and its clients in one static program: see the head of <c>tests/fakes/server/serve.c</c>.</summary>
internal static class ServerDouble
{
    private static readonly Lazy<string> Built = new(() => Path.Combine(DoubleBuild.Run("server"), "server"));

    /// <summary>The program, built once a test process.</summary>
    public static string Program => Built.Value;
}
