namespace Headroom.IntegrationTests.Installing;

/// <summary>The native binary: what is installed is one file.</summary>
internal static class Native
{
    public static string Binary
    {
        get
        {
            if (Environment.GetEnvironmentVariable("HEADROOM_BIN") is { Length: > 0 } binary)
                return binary;
            if (Environment.GetEnvironmentVariable("HEADROOM_TEST_ALL") == "1")
                throw new InvalidOperationException("HEADROOM_BIN names no native binary, and nothing may be skipped (HEADROOM_TEST_ALL=1)");
            Assert.Skip("needs the native binary: HEADROOM_BIN=artifacts/native/headroom");
            return "";
        }
    }
}
