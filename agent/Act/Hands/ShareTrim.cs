using Headroom.Model;

namespace Headroom.Act.Hands;

/// <summary>Whether a share does what it says. Kernels that were queued before a freeze run on, so the GPU is used for longer than the processes are: the share given is
/// trimmed until the share obtained is the one asked for. Shares are of the GPU's time, not of what the workload used before: while neighbours stand still it may well get
/// as much in half of the time as it had in all of it beside them (tried: three batch jobs on one core at 50 % each still had all that they had had). Immutable; one a container.</summary>
internal sealed record ShareTrim
{
    public static readonly ShareTrim None = new();

    /// <summary>A share that is off by more is off.</summary>
    private const double Tolerance = 0.1;
    private const int OffTimes = 3;
    /// <summary>Never trimmed below this part of what was asked.</summary>
    private const double Least = 0.5;
    /// <summary>Of what the share should take away, so much must stay before the lever is called useless.</summary>
    private const double Nothing = 0.5;
    /// <summary>A share that takes away less than this of the GPU can't be told from one that takes away nothing. Also what free use may be wrong by: it was seen beside neighbours.</summary>
    private const double TooLittleToJudge = 0.2;
    /// <summary>Driver windows of process use last up to about a second: what is seen sooner may be from before.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(3);

    /// <summary>Part 0.5..1 of the asked share that is given.</summary>
    public double Factor { get; init; } = 1;
    /// <summary>Share of the GPU's time obtained, by SM use; null while not known.</summary>
    public double? Obtained { get; init; }
    public MonoTime Since { get; init; }
    /// <summary>Judgements in a row that it was off with nothing left to trim.</summary>
    public int Off { get; init; }

    /// <summary>The lever does nothing.</summary>
    public bool IsIneffective => Off >= OffTimes;

    /// <summary>A hold begins, or asks for something else: what is seen must settle first.</summary>
    public ShareTrim Changed(MonoTime now) => this with { Since = now, Obtained = null };

    /// <summary>One tick under a share.</summary>
    /// <param name="smUse">SM use now, 0..1; null while not known.</param>
    /// <param name="freeUse">SM use while nothing was held; null while not known: then the lever is not judged.</param>
    /// <param name="share">Asked for, 0..1.</param>
    public ShareTrim Held(double? smUse, double? freeUse, double share, MonoTime now)
    {
        if (now - Since < Settle || smUse is not { } use)
            return this;
        var obtained = Math.Min(use, 1);
        var smooth = Obtained is { } before ? before + 0.5 * (obtained - before) : obtained;
        if (smooth <= share + Tolerance / 2)
            // It may also just have little to do; giving more than was asked is never right.
            return this with { Obtained = smooth, Off = 0, Factor = Math.Min(1, Factor * 1.05) };
        var factor = share > 0 ? Math.Max(Least, Factor * Math.Max(0.5, share / smooth)) : Factor;
        var spent = share <= 0 || Factor <= Least;
        var judged = freeUse - share >= TooLittleToJudge;
        return this with { Obtained = smooth, Factor = factor, Since = now, Off = spent && judged && smooth > share + Nothing * (freeUse - share) ? Off + 1 : 0 };
    }
}
