namespace Headroom.Profiling.Load;

/// <summary>One request, in seconds since its step began. Written by the request's own task; read when the step has ended.</summary>
internal sealed class Flight(double due)
{
    /// <summary>When it should leave: latency counts from here, so that neither a slow server nor a slow client thins out the measurement.</summary>
    public double Due { get; } = due;
    public double Left { get; set; } = double.NaN;
    /// <summary>The last byte, or the failure; null while it waits.</summary>
    public double? Ended { get; set; }
    public double? FirstEvent { get; set; }
    /// <summary>Between the events of a streamed answer.</summary>
    public List<double> Gaps { get; } = [];
    /// <summary>Null: a good answer, or none yet.</summary>
    public string? Error { get; set; }

    public bool Answered => Ended is not null && Error is null;
}
