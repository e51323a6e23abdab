namespace Headroom.Run.Records;

/// <summary>Lines in one file; when it is full it is numbered 1, those before it move on, and the last is deleted.</summary>
internal sealed class RotatingFile(string directory, string name, string extension, long maxBytes = 10 << 20, int files = 10)
{
    private FileStream? _file;

    public void AppendLine(ReadOnlySpan<byte> line)
    {
        if (_file is { } full && full.Length > 0 && full.Length + line.Length + 1 > maxBytes)
            Rotate();
        var file = _file ??= Open();
        file.Write(line);
        file.WriteByte((byte)'\n');
    }

    public void Flush() => _file?.Flush();

    public void Close()
    {
        _file?.Dispose();
        _file = null;
    }

    /// <summary>Lets go of it, also when its last bytes can't be written.</summary>
    public void Abandon()
    {
        try
        {
            _file?.Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // told already: this is where the error came from
        }
        _file = null;
    }

    private FileStream Open()
    {
        Directory.CreateDirectory(directory);
        var file = new FileStream(PathOf(0), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        // A line that was cut off by a full disk or a kill must not swallow the next one.
        if (file.Length > 0)
        {
            file.Seek(-1, SeekOrigin.End);
            if (file.ReadByte() != '\n')
                file.WriteByte((byte)'\n');
        }
        return file;
    }

    private void Rotate()
    {
        Close();
        for (var number = files - 2; number >= 0; number--)
            if (File.Exists(PathOf(number)))
                File.Move(PathOf(number), PathOf(number + 1), overwrite: true);
    }

    private string PathOf(int number) => Path.Combine(directory, number == 0 ? name + extension : $"{name}.{number}{extension}");
}
