namespace Headroom.Simulate;

/// <summary>Seeded random numbers (SplitMix64), the same on every runtime. One stream a purpose: what is drawn for one
/// workload never shifts what another gets, so two runs that differ in one lever see the same requests.</summary>
internal sealed class Dice(ulong state)
{
    private ulong _state = state;

    /// <param name="stream">What it is for, e.g. <c>recommender/arrivals</c>.</param>
    public static Dice For(long seed, string stream)
    {
        // FNV-1a: string.GetHashCode differs from run to run.
        var hash = 14695981039346656037UL;
        foreach (var c in stream)
            hash = (hash ^ c) * 1099511628211UL;
        return new Dice(Mix(hash ^ Mix((ulong)seed)));
    }

    public ulong Next() => Mix(_state += 0x9E3779B97F4A7C15);

    /// <summary>In [0, 1).</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Exponential with mean 1.</summary>
    public double Exponential() => -Math.Log(1 - Unit());

    /// <summary>Log-normal; a <paramref name="cv"/> of 0 is the mean itself.</summary>
    /// <param name="cv">Standard deviation / mean.</param>
    public double LogNormal(double mean, double cv)
    {
        if (cv == 0)
            return mean;
        var variance = Math.Log(1 + cv * cv);
        var normal = Math.Sqrt(-2 * Math.Log(1 - Unit())) * Math.Cos(2 * Math.PI * Unit());
        return mean * Math.Exp(normal * Math.Sqrt(variance) - variance / 2);
    }

    /// <summary>A gap between arrivals with mean 1: exponential for <paramref name="cv"/> 1, above it
    /// hyperexponential of two phases with balanced means (half of the time passes in each).</summary>
    public double Gap(double cv)
    {
        if (cv <= 1)
            return Exponential();
        var square = cv * cv;
        var shortPhase = (1 + Math.Sqrt((square - 1) / (square + 1))) / 2;
        var phase = Unit() < shortPhase ? shortPhase : 1 - shortPhase;
        return Exponential() / (2 * phase);
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
