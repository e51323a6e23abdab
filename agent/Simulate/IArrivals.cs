namespace Headroom.Simulate;

/// <summary>When a server's requests come.</summary>
internal interface IArrivals
{
    /// <summary>The first arrival after that one; <see cref="TimeSpan.MaxValue"/> when none comes any more.</summary>
    TimeSpan After(TimeSpan last);

    /// <summary>Of the arrival that <see cref="After"/> told last, until it is asked again; null: not known.</summary>
    TokenLengths? Lengths { get; }
}

/// <summary>How long one language model request is.</summary>
internal readonly record struct TokenLengths(int Prompt, int Generated);
