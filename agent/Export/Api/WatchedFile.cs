namespace Headroom.Export.Api;

/// <summary>What a file says, read again when the file has changed: looked at when asked, at most once a second.</summary>
/// <param name="read">The value of the file at this path; throws what <see cref="File"/> throws, or <see cref="InvalidDataException"/>.</param>
/// <param name="failed">What holds when it cannot be read, told why and given what held before; null for a file that is not there.</param>
internal sealed class WatchedFile<T>(string path, Func<string, T> read, Func<Exception?, T?, T> failed, TimeProvider time) where T : class
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private T? _value;
    private (DateTime Written, long Length) _state;
    private long _looked;

    public T Value
    {
        get
        {
            lock (_gate)
            {
                if (_value is not null && time.GetElapsedTime(_looked) < Pace)
                    return _value;
                _looked = time.GetTimestamp();
                return _value = Look();
            }
        }
    }

    private T Look()
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                _state = default;
                return failed(null, _value);
            }
            var state = (file.LastWriteTimeUtc, file.Length);
            if (_value is not null && state == _state)
                return _value;
            var value = read(path);
            _state = state;
            return value;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or System.Security.Cryptography.CryptographicException)
        {
            _state = default;
            return failed(e, _value);
        }
    }
}
