using System.Text.Json;
using Headroom.Interop.Linux;
using Headroom.Model;

namespace Headroom.Act.Journal;

/// <summary><c>breaker.json</c>: there while the breaker is open.</summary>
internal sealed record BreakerRecord(string Why, DateTimeOffset At);

/// <summary>After too many failed steps nothing new is held until a person resets it; survives restarts. Giving back goes on.</summary>
internal sealed class Breaker
{
    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly Queue<(MonoTime At, string Words)> _failures = new();
    private BreakerRecord? _open;

    public Breaker(string stateDirectory, TimeProvider time)
    {
        _path = Path.Combine(stateDirectory, "breaker.json");
        _time = time;
        _open = Load();
    }

    /// <summary>Why it is open; null while it is closed.</summary>
    public string? Open => Volatile.Read(ref _open)?.Why;

    /// <summary>A step failed.</summary>
    /// <returns>Whether this one opened it.</returns>
    public bool Failed(string words, BreakerPolicy policy)
    {
        lock (_lock)
        {
            var now = _time.Mono();
            _failures.Enqueue((now, words));
            while (_failures.Peek().At < now - policy.Within)
                _failures.Dequeue();
            if (_open is not null || _failures.Count < policy.Failures)
                return false;
            Set($"{_failures.Count} steps failed within {policy.Within:c}, the last: {words}");
            return true;
        }
    }

    /// <summary>Opens it at once.</summary>
    public void Trip(string why)
    {
        lock (_lock)
            Set(why);
    }

    /// <summary>By a person.</summary>
    /// <returns>Why it is closed only until the next start; null when for good.</returns>
    public string? Reset()
    {
        lock (_lock)
        {
            _failures.Clear();
            Volatile.Write(ref _open, null);
            try
            {
                File.Delete(_path);
                return null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return $"closed, but only until the next start: {e.Message}";
            }
        }
    }

    private void Set(string why)
    {
        var open = new BreakerRecord(why, _time.GetUtcNow());
        Volatile.Write(ref _open, open);
        try
        {
            DurableFile.Replace(_path, JsonSerializer.SerializeToUtf8Bytes(open, JournalJson.Default.BreakerRecord));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Open all the same; only a restart would forget it.
        }
    }

    private BreakerRecord? Load()
    {
        try
        {
            return File.Exists(_path) ? JsonSerializer.Deserialize(File.ReadAllBytes(_path), JournalJson.Default.BreakerRecord) : null;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            return new BreakerRecord($"{_path} can't be understood: it was open, why is not known", _time.GetUtcNow());
        }
    }
}
