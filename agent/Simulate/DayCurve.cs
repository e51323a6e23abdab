namespace Headroom.Simulate;

/// <summary>A value over the day: one a full hour, straight lines between.</summary>
internal sealed record DayCurve(IReadOnlyList<double> ByHour)
{
    public static DayCurve Flat(double value) => new([value]);

    public bool IsFlat => ByHour.Count == 1;

    /// <param name="time">Since any midnight.</param>
    public double At(TimeSpan time)
    {
        if (IsFlat)
            return ByHour[0];
        var hours = time.TotalHours % 24;
        var hour = (int)hours;
        return ByHour[hour] + (ByHour[(hour + 1) % 24] - ByHour[hour]) * (hours - hour);
    }

    public DayCurve Times(double factor) => new([.. ByHour.Select(value => value * factor)]);
}
