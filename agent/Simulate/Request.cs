namespace Headroom.Simulate;

/// <summary>A request on its way.</summary>
internal sealed class Request
{
    public TimeSpan Arrived { get; init; }
    public TimeSpan Started { get; set; }
    /// <summary>GPU seconds until it is done, or until its first token.</summary>
    public double Work { get; init; }
    public int PromptTokens { get; init; }
    public int Tokens { get; init; }
    public int Emitted { get; set; }
    public int TokensLeft => Tokens - Emitted;
    /// <summary>Tokens that come at the next milestone.</summary>
    public int NextTokens { get; set; } = 1;
    public TimeSpan? FirstTokenAt { get; set; }
    public TimeSpan LastTokenAt { get; set; }
}

/// <summary>Draws what each request needs.</summary>
internal sealed class RequestMaker(ServingSpec spec, Dice dice)
{
    /// <summary>Tokens are told in small groups: one event each would make a day slow.</summary>
    public const int TokensAtOnce = 8;

    /// <param name="known">Its lengths, where they are not to be drawn.</param>
    public Request Make(TimeSpan now, TokenLengths? known)
    {
        if (spec.Tokens is not { } tokens)
            return new Request { Arrived = now, Work = dice.LogNormal(spec.WorkSeconds, spec.WorkCv) };
        var prompt = known is { } told ? Fitting(told.Prompt, tokens) : Length(tokens.PromptMean, tokens);
        return new Request
        {
            Arrived = now,
            PromptTokens = prompt,
            Tokens = known is { } lengths ? Fitting(lengths.Generated, tokens) : Length(tokens.GeneratedMean, tokens),
            // The first token comes with the prefill.
            Work = prompt * tokens.PrefillSecondsPerToken,
        };
    }

    public double WorkOf(Request request) =>
        request.Work + (spec.Tokens is { } tokens ? (request.Tokens - 1) * tokens.DecodeSecondsPerToken : 0);

    private int Length(double mean, TokenSpec tokens) => Fitting(Math.Round(dice.LogNormal(mean, tokens.LengthCv)), tokens);

    private static int Fitting(double length, TokenSpec tokens) => (int)Math.Clamp(length, 1, tokens.KvTokens / 4);
}
