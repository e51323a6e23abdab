using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Headroom.Cli.Inject;

namespace Headroom.Tests.Cli.Inject;

/// <summary>The build that these tests belong to was made where gcc is: the tests themselves need it.</summary>
public sealed class EmbeddedLibraryTests
{
    [Fact]
    public void The_build_carries_the_library_for_the_processor_that_it_is_built_on()
    {
        var library = EmbeddedLibrary.Read();

        Assert.Equal(File.Exists(Script()), library is not null);
        if (library is null)
            return;
        Assert.Equal("\u007fELF"u8, library.AsSpan(0, 4));
        // e_machine of an ELF header.
        Assert.Equal(RuntimeInformation.OSArchitecture == Architecture.Arm64 ? 183 : 62, BitConverter.ToUInt16(library, 18));
    }

    private static string Script([CallerFilePath] string here = "") => Path.Combine(here.Split("/tests/")[0], "agent", "preload", "build.sh");
}
