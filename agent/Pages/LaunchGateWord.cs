namespace Headroom.Pages;

/// <summary>As <c>enum hr_gate_mode</c>.</summary>
internal enum LaunchGateMode
{
    /// <summary>No gate: launches pass uncounted.</summary>
    Off,
    /// <summary>Launches pass, with the cap on what is in flight.</summary>
    Open,
    Closed,
}

/// <summary>What a container's launch gate is told.</summary>
/// <param name="Sequence">Number of the closure: one more with each closing, the same while it is only prolonged. 48 bits count.</param>
/// <param name="UntilNanoseconds">CLOCK_BOOTTIME: from then on the gate is off by itself. At most <see cref="Longest"/> away, or it is off at once.</param>
/// <param name="InFlightCap">2..16; 0: none.</param>
internal readonly record struct LaunchGateWord(LaunchGateMode Mode, long Sequence, long UntilNanoseconds, int InFlightCap)
{
    public static LaunchGateWord Off => default;

    /// <summary>What the library takes at most: HR_GATE_LONGEST_NS.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>As <c>hr_gate_word</c>; 0: off.</summary>
    public ulong Packed => Mode == LaunchGateMode.Off ? 0 : (ulong)Mode | (ulong)InFlightCap << 8 | (ulong)Sequence << 16;

    /// <summary>As <c>hr_gate_check</c>.</summary>
    public static ulong Check(ulong life, ulong gate, ulong until, ulong since) => ~(life ^ gate ^ ulong.RotateLeft(until, 21) ^ ulong.RotateLeft(since, 42));
}

/// <summary>What the processes of a container have made of it. Written by them: any value may be wrong, and is clipped to what is possible.</summary>
/// <param name="Obeying">Processes whose library knows the gate.</param>
/// <param name="Blind">Processes whose library does not: their launches pass.</param>
/// <param name="Passing">Threads that may give the driver a launch now; 0, read after the closing, proves that nothing more passes.</param>
/// <param name="Waiting">Threads held back now.</param>
/// <param name="SawLast">Obeying processes whose last look was at what was written last: they came to the gate since.</param>
/// <param name="InFlight">Launches given to the GPU and not known to be done; null where one process can't tell.</param>
/// <param name="Passed">While the gate was on, ever, by the processes that are there now.</param>
/// <param name="Held">Of those, that were held back first.</param>
/// <param name="HeldFor">All threads together.</param>
/// <param name="LastDrain">Of the closure written last: from its writing to the end of the last launch in flight, longest of all processes and GPUs. Null: not measured (yet), or nothing was in flight.</param>
/// <param name="MaxDrain">Longest ever of the processes that are there now; null: none measured.</param>
/// <param name="Drains">Measured, by the processes that are there now.</param>
internal readonly record struct LaunchGateSeen(
    int Obeying, int Blind, int Passing, int Waiting, int SawLast, long? InFlight, long Passed, long Held, TimeSpan HeldFor, TimeSpan? LastDrain, TimeSpan? MaxDrain, long Drains)
{
    /// <summary>Read after "closed" was written: all processes that the page knows hold their launches back. See agent/preload/page.h for why this is proof.</summary>
    public bool Holds => Blind == 0 && Passing == 0;
}
