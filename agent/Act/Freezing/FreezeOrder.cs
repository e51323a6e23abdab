using Headroom.Model;

namespace Headroom.Act.Freezing;

/// <summary>Somebody waits for this to be obeyed.</summary>
/// <param name="deadline">How long it may take.</param>
internal sealed class FreezeOrder(TimeProvider time, TimeSpan deadline)
{
    // Continuations elsewhere: the freezer's thread has no time for them.
    private readonly TaskCompletionSource<FreezeAnswer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly MonoTime _given = time.Mono();

    public Task<FreezeAnswer> Answer => _answer.Task;
    public bool IsOpen => !_answer.Task.IsCompleted;
    public MonoTime Deadline => _given + deadline;

    /// <summary>The first answer counts.</summary>
    public void Close(bool confirmed, string words, bool waits = false) => _answer.TrySetResult(new FreezeAnswer(confirmed, words, time.Mono() - _given, waits));
}
