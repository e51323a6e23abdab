using System.Text.Json;
using Headroom.Interop.Linux;
using Headroom.Model;

namespace Headroom.Act.Journal;

/// <summary>What outlives a restart beside holds: <c>budgets.json</c>.</summary>
internal sealed record BudgetRecord(IReadOnlyList<ImpulseRecord> Impulses, IReadOnlyList<IneffectiveRecord> Ineffective);

/// <param name="At">When it was found; forgotten after a day: the server may have been changed meanwhile.</param>
internal sealed record IneffectiveRecord(string Workload, Lever Lever, DateTimeOffset At);

/// <summary>Impulses of the last week and levers that do nothing. Each change is on the disk before its impulse is done: a budget that a crash forgets is none.</summary>
internal sealed class Budgets
{
    private static readonly TimeSpan Memory = TimeSpan.FromDays(7);
    private static readonly TimeSpan IneffectiveFor = TimeSpan.FromDays(1);

    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly TimeProvider _time;
    private BudgetRecord _record;

    /// <summary>A file that can't be understood is kept aside and told: see <see cref="Problem"/>.</summary>
    public Budgets(string stateDirectory, TimeProvider time)
    {
        _path = Path.Combine(stateDirectory, "budgets.json");
        _time = time;
        _record = Load();
    }

    /// <summary>Why it is not known what was restarted lately, in words; null when it is. Opens the breaker.</summary>
    public string? Problem { get; private set; }

    public IReadOnlyList<ImpulseRecord> Impulses => Volatile.Read(ref _record).Impulses;

    public IReadOnlyList<IneffectiveLever> Ineffective
    {
        get
        {
            var (record, since) = (Volatile.Read(ref _record), _time.GetUtcNow() - IneffectiveFor);
            return record.Ineffective.Count == 0 ? [] : [.. record.Ineffective.Where(i => i.At > since).Select(i => new IneffectiveLever(i.Workload, i.Lever))];
        }
    }

    /// <exception cref="IOException">Not written: the impulse must not be done.</exception>
    public void Spend(ImpulseRecord impulse) => Change(record => record with { Impulses = [.. record.Impulses, impulse] });

    /// <summary>It was not done after all.</summary>
    public void TakeBack(string key) => Change(record => record with { Impulses = [.. record.Impulses.Where(i => i.Key != key)] });

    /// <summary>Whether it helped, once that is known.</summary>
    public void Judge(string key, bool helped) =>
        Change(record => record with { Impulses = [.. record.Impulses.Select(i => i.Key == key ? i with { Helped = helped } : i)] });

    public void FoundIneffective(string workload, Lever lever) => Change(record => record with
    {
        Ineffective = [.. record.Ineffective.Where(i => i.Workload != workload || i.Lever != lever), new IneffectiveRecord(workload, lever, _time.GetUtcNow())],
    });

    private void Change(Func<BudgetRecord, BudgetRecord> change)
    {
        lock (_lock)
        {
            var now = _time.GetUtcNow();
            var next = change(_record);
            next = next with
            {
                Impulses = [.. next.Impulses.Where(i => i.At > now - Memory)],
                Ineffective = [.. next.Ineffective.Where(i => i.At > now - IneffectiveFor)],
            };
            DurableFile.Replace(_path, JsonSerializer.SerializeToUtf8Bytes(next, JournalJson.Default.BudgetRecord));
            Volatile.Write(ref _record, next);
        }
    }

    private BudgetRecord Load()
    {
        var none = new BudgetRecord([], []);
        try
        {
            if (!File.Exists(_path))
                return none;
            if (JsonSerializer.Deserialize(File.ReadAllBytes(_path), JournalJson.Default.BudgetRecord) is { Impulses: not null, Ineffective: not null } read)
                return read;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            // told below
        }
        var aside = _path + ".damaged";
        File.Move(_path, aside, overwrite: true);
        Problem = $"{_path} can't be understood and was moved to {aside}: what was restarted lately is not known";
        return none;
    }
}
