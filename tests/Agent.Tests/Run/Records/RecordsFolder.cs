namespace Headroom.Tests.Run.Records;

/// <summary>A state folder of its own, gone after the test.</summary>
internal sealed class RecordsFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("headroom-records-").FullName;

    public string At(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
