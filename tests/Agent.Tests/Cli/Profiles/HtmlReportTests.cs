using System.Text.RegularExpressions;
using System.Xml.Linq;
using Headroom.Cli.Profiles;
using Headroom.Model;
using Headroom.Profiling;
using Headroom.Tests.Profiling;
using Headroom.Tests.Support;

namespace Headroom.Tests.Cli.Profiles;

public sealed partial class HtmlReportTests
{
    [Fact]
    public void The_report_of_a_known_queue() => Golden.Matches(HtmlReport.Write(SomeProfiles.OfOneWorker(), Language.English), "report.html");

    [Fact]
    public void The_same_in_Chinese()
    {
        var page = HtmlReport.Write(SomeProfiles.OfOneWorker(), Language.Chinese);
        Assert.Contains("<html lang=\"zh\">", page, StringComparison.Ordinal);
        Assert.Contains("拐点", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_of_others_are_only_names()
    {
        const string bad = "\"'><script>alert(1)</script>&\u0007";
        var report = SomeProfiles.OfOneWorker();
        report = report with
        {
            Target = report.Target with { Name = bad, Image = bad },
            Request = report.Request with { Path = bad, From = bad },
            EndedEarly = bad, Warnings = [bad], Neighbours = [new ProfileNeighbour(bad, 0, 1, null)],
            Beside = new ProfileInterference(bad, [], [], 1.5, 2),
            Steps = [.. report.Steps.Select(s => s with { Errors = new Dictionary<string, int> { [bad] = 1 } })],
            Proposal = report.Proposal with { Name = bad },
        };
        Assert.DoesNotContain("<script", HtmlReport.Write(report, Language.English), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_asked_from_elsewhere_and_nothing_runs()
    {
        var page = HtmlReport.Write(SomeProfiles.OfOneWorker(), Language.English);
        Assert.DoesNotMatch(new Regex("<script|<link|<img|@import|url\\((?!#)|src="), page);
        Assert.All(Addresses().Matches(page), address => Assert.True(
            address.Value.StartsWith("http://www.w3.org/", StringComparison.Ordinal) || address.Value == "http://172.17.0.2:8501/", address.Value));
    }

    [Fact]
    public void Each_plot_is_XML_of_a_size_that_scales()
    {
        var plots = Plot().Matches(HtmlReport.Write(SomeProfiles.OfOneWorker(), Language.English));
        Assert.Equal(3, plots.Count);
        Assert.All(plots, plot => Assert.Equal("0 0 640 340", XElement.Parse(plot.Value).Attribute("viewBox")!.Value));
    }

    [Fact]
    public void What_was_stopped_at_once_is_a_page_too()
    {
        var report = SomeProfiles.OfOneWorker();
        var nothing = report with
        {
            Unloaded = null, Steps = [], Knee = null, Vram = [], EndedEarly = "stopped before anything was measured",
            Proposal = Proposal.Of(report.Target, false, null, [], null, []),
        };
        var page = HtmlReport.Write(nothing, Language.English);
        Assert.Contains("not known", page, StringComparison.Ordinal);
        Assert.Contains("stopped before anything was measured", page, StringComparison.Ordinal);
    }

    [GeneratedRegex("https?://[^\"<' ]+")]
    private static partial Regex Addresses();

    [GeneratedRegex("<svg.*?</svg>", RegexOptions.Singleline)]
    private static partial Regex Plot();
}
