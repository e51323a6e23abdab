using Headroom.Model;

namespace Headroom.Act.Freezing;

/// <summary>Somebody waits for this to be obeyed.</summary>
/// <param name="deadline">How long it may take.</param>
internal sealed class FreezeOrder(TimeProvider time, TimeSpan deadline)
{
    // Continuations elsewhere: the freezer's thread has no time for them.
    private readonly TaskCompletionSource<FreezeAnswer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly MonoTime _given = time.Mono();
    private readonly List<FreezeOrder> _also = [];

    public Task<FreezeAnswer> Answer => _answer.Task;
    public bool IsOpen => !_answer.Task.IsCompleted;
    public MonoTime Deadline => _given + deadline;

    /// <summary>It takes the place of another that wants the same: who waits for that one gets this one's answer. Before the freezer's thread can see it.</summary>
    public void Include(FreezeOrder other)
    {
        if (other.IsOpen)
            _also.Add(other);
    }

    /// <summary>Whether who waits for <paramref name="other"/> gets this one's answer.</summary>
    public bool Answers(FreezeOrder other) => other == this || _also.Exists(o => o.Answers(other));

    /// <summary>The first answer counts.</summary>
    public void Close(bool confirmed, string words, bool waits = false)
    {
        _answer.TrySetResult(new FreezeAnswer(confirmed, words, time.Mono() - _given, waits));
        foreach (var other in _also)
            other.Close(confirmed, words, waits);
    }
}
