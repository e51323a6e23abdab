using System.Diagnostics;

namespace Headroom.Testing;

/// <summary>Builds what is written in C: the doubles below <c>tests/fakes</c>, and the preload library.</summary>
internal static class DoubleBuild
{
    /// <summary>Runs <c>tests/fakes/NAME/build.sh</c>, which does nothing when all is up to date.</summary>
    /// <returns>The folder with what it made.</returns>
    public static string Run(string name) => RunScript(Path.Combine("tests", "fakes", name, "build.sh"), name);

    /// <summary>The same with a script elsewhere, from the root of the repository.</summary>
    public static string RunScript(string script, string name)
    {
        var root = RepositoryRoot(script);
        var output = Path.Combine(root, "artifacts", "fakes", name);
        using var build = Process.Start(new ProcessStartInfo("sh", [Path.Combine(root, script), output])
        {
            RedirectStandardError = true,
        }) ?? throw new InvalidOperationException("sh did not start.");
        var errors = build.StandardError.ReadToEnd();
        build.WaitForExit();
        return build.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"The double was not built ({script}, exit {build.ExitCode}): {errors.Trim()}");
    }

    public static string RepositoryRoot(string script)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, script)))
                return folder.FullName;
        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds {script}: tests run from within a checkout.");
    }
}
