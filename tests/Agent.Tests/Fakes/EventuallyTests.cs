using Headroom.Testing;

namespace Headroom.Tests.Fakes;

public sealed class EventuallyTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(20);

    [Fact]
    public async Task What_becomes_true_ends_the_wait()
    {
        var left = 3;
        Eventually.True(() => left-- == 0);
        left = 3;
        await Eventually.TrueAsync(() => left-- == 0);
        left = 3;
        Eventually.Equal(0, () => left--);
    }

    [Fact]
    public async Task What_never_does_fails_and_says_what_it_was()
    {
        var answer = 41;

        Assert.Contains("answer == 42", Assert.Throws<TimeoutException>(() => Eventually.True(() => answer == 42, Soon)).Message, StringComparison.Ordinal);
        var late = await Assert.ThrowsAsync<TimeoutException>(() => Eventually.TrueAsync(() => Task.FromResult(answer == 42), Soon));
        Assert.Contains("answer == 42", late.Message, StringComparison.Ordinal);
        Assert.Contains("42, last it was 41", Assert.Throws<TimeoutException>(() => Eventually.Equal(42, () => answer, Soon)).Message, StringComparison.Ordinal);
    }
}
