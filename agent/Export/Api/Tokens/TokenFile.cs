namespace Headroom.Export.Api.Tokens;

/// <summary>The file of tokens: one a line, only its owner reads it. Replaced whole, so a reader sees all of the old or all of the new.</summary>
internal static class TokenFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string Header = "# Headroom's tokens: name, scope, created, SHA-256. Write with `headroom token`.";

    public static string In(string stateDirectory) => Path.Combine(stateDirectory, "tokens");

    /// <summary>None where there is no file. Lines that are none are <paramref name="bad"/>, by number, and let nobody in.</summary>
    public static IReadOnlyList<ApiToken> Read(string path, out IReadOnlyList<int> bad)
    {
        var tokens = new List<ApiToken>();
        var wrong = new List<int>();
        bad = wrong;
        if (!File.Exists(path))
            return tokens;
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (line.Length == 0 || line[0] == '#')
                continue;
            if (ApiToken.FromLine(line) is { } token)
                tokens.Add(token);
            else
                wrong.Add(number);
        }
        return tokens;
    }

    /// <summary>Reads, changes and replaces the file; nobody else does so meanwhile. Null from <paramref name="change"/>: leave it.</summary>
    public static void Change(string path, Func<IReadOnlyList<ApiToken>, IReadOnlyList<ApiToken>?> change)
    {
        var folder = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        using var alone = Open($"{path}.lock", FileMode.OpenOrCreate);
        if (change(Read(path, out _)) is not { } tokens)
            return;
        var fresh = $"{path}.new";
        File.Delete(fresh);
        using (var file = Open(fresh, FileMode.CreateNew))
        using (var writer = new StreamWriter(file))
        {
            writer.WriteLine(Header);
            foreach (var token in tokens)
                writer.WriteLine(token.ToLine());
            writer.Flush();
            file.Flush(flushToDisk: true);
        }
        File.Move(fresh, path, overwrite: true);
    }

    private static FileStream Open(string path, FileMode mode) => new(path, new FileStreamOptions
    {
        Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = OwnerOnly,
    });
}
