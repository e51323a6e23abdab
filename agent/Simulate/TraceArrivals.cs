namespace Headroom.Simulate;

/// <summary>Requests at the times of a trace.</summary>
internal sealed class TraceArrivals(RequestTrace trace) : IArrivals
{
    private TimeSpan _roundStart = trace.From;
    private int _next;

    public TokenLengths? Lengths { get; private set; }

    public TimeSpan After(TimeSpan last)
    {
        if (_next == trace.Requests.Count)
        {
            if (!trace.Loops)
                return TimeSpan.MaxValue;
            _roundStart += trace.Round;
            _next = 0;
        }
        var request = trace.Requests[_next++];
        Lengths = request.Lengths;
        return _roundStart + request.At;
    }
}
