namespace Headroom.Cli.Top;

/// <summary>Where frames come from.</summary>
internal interface ITopSource
{
    /// <summary>Time stands still while the page does.</summary>
    bool StandsWithThePage { get; }
    /// <param name="passed">Since the last call; zero at the first.</param>
    Task<TopFrame> ReadAsync(TimeSpan passed, CancellationToken stop);
}
