using Headroom.Model;
using Headroom.Policies;

namespace Headroom.Tests.Policies;

public sealed class ScalarTests
{
    [Theory]
    [InlineData("80ms", 80)]
    [InlineData("1.5s", 1500)]
    [InlineData("0.25ms", 0.25)]
    [InlineData("10m", 600_000)]
    [InlineData("6h", 21_600_000)]
    [InlineData("1d", 86_400_000)]
    [InlineData("365d", 31_536_000_000)]
    [InlineData("0", 0)]
    [InlineData("0ms", 0)]
    public void Durations(string text, double milliseconds) =>
        Assert.Equal(TimeSpan.FromTicks((long)(milliseconds * TimeSpan.TicksPerMillisecond)), Good(Scalars.Duration(text)));

    [Theory]
    [InlineData("80", "\"80\" is not a duration; write 80ms or 80s")]
    [InlineData("1:30", "\"1:30\" is not a duration; write 80ms, 1.5s, 10m, 6h or 1d")]
    [InlineData("80 ms", "\"80 ms\" is not a duration; write 80ms, 1.5s, 10m, 6h or 1d")]
    [InlineData("80MS", "\"80MS\" is not a duration; write 80ms, 1.5s, 10m, 6h or 1d")]
    [InlineData("-1s", "\"-1s\" is not a duration; write 80ms, 1.5s, 10m, 6h or 1d")]
    [InlineData("+1s", "\"+1s\" is not a duration; write 80ms, 1.5s, 10m, 6h or 1d")]
    [InlineData("1e3s", "\"1e3s\" is not a duration; write 80ms, 1.5s, 10m, 6h or 1d")]
    [InlineData(".5s", "\".5s\" is not a duration; write 80ms, 1.5s, 10m, 6h or 1d")]
    [InlineData("5.s", "\"5.s\" is not a duration; write 80ms, 1.5s, 10m, 6h or 1d")]
    [InlineData("1.2.3s", "\"1.2.3s\" is not a duration; write 80ms, 1.5s, 10m, 6h or 1d")]
    [InlineData("010ms", "\"010ms\" is not a duration; write 80ms, 1.5s, 10m, 6h or 1d")]
    [InlineData("1h30m", "\"1h30m\" is not a duration; write 80ms, 1.5s, 10m, 6h or 1d")]
    [InlineData("٣s", "\"٣s\" is not a duration; write 80ms, 1.5s, 10m, 6h or 1d")]
    [InlineData("", "\"\" is not a duration; write 80ms, 1.5s, 10m, 6h or 1d")]
    [InlineData("366d", "\"366d\" is longer than a year; write 365d or less")]
    [InlineData("999999999999999d", "\"999999999999999d\" is longer than a year; write 365d or less")]
    [InlineData("9999999999999999d", "\"9999999999999999d\" is not a duration; write 80ms, 1.5s, 10m, 6h or 1d")]
    public void What_is_no_duration_is_told_with_a_right_one(string text, string error) => Assert.Equal(error, Scalars.Duration(text).Error);

    [Theory]
    [InlineData("20GiB", 21_474_836_480)]
    [InlineData("512MiB", 536_870_912)]
    [InlineData("1.5GiB", 1_610_612_736)]
    [InlineData("24GB", 24_000_000_000)]
    [InlineData("1TiB", 1_099_511_627_776)]
    [InlineData("4096", 4096)]
    [InlineData("0", 0)]
    public void Sizes(string text, long bytes) => Assert.Equal(bytes, Good(Scalars.Size(text)));

    [Theory]
    [InlineData("20G", "\"20G\" is not a size; write 20GiB")]
    [InlineData("20Gi", "\"20Gi\" is not a size; write 20GiB")]
    [InlineData("20gib", "\"20gib\" is not a size; write 20GiB")]
    [InlineData("20gb", "\"20gb\" is not a size; write 20GB")]
    [InlineData("20 GiB", "\"20 GiB\" is not a size; write 20GiB")]
    [InlineData("20m", "\"20m\" is not a size; write 20MiB")]
    [InlineData("1.5", "\"1.5\" is not a size; write 20GiB, 512MiB or 24GB")]
    [InlineData("lots", "\"lots\" is not a size; write 20GiB, 512MiB or 24GB")]
    [InlineData("-1GiB", "\"-1GiB\" is not a size; write 20GiB, 512MiB or 24GB")]
    [InlineData("50%", "\"50%\" is not a size; write 20GiB, 512MiB or 24GB")]
    [InlineData("2000TiB", "\"2000TiB\" is more than any card has; write 20GiB")]
    public void What_is_no_size_is_told_with_a_right_one(string text, string error) => Assert.Equal(error, Scalars.Size(text).Error);

    [Theory]
    [InlineData("30%", 0.3)]
    [InlineData("0%", 0)]
    [InlineData("100%", 1)]
    [InlineData("12.5%", 0.125)]
    public void Percentages(string text, double ratio) => Assert.Equal(ratio, Good(Scalars.Percent(text)));

    [Theory]
    [InlineData("30", "\"30\" is not a percentage; write 30%")]
    [InlineData("0.3", "\"0.3\" is not a percentage; write 30%")]
    [InlineData("a third", "\"a third\" is not a percentage; write 30%")]
    [InlineData("30 %", "\"30 %\" is not a percentage; write 30%")]
    public void What_is_no_percentage_is_told_with_a_right_one(string text, string error) => Assert.Equal(error, Scalars.Percent(text).Error);

    [Theory]
    [InlineData("true", true)]
    [InlineData("True", true)]
    [InlineData("YES", true)]
    [InlineData("1", true)]
    [InlineData("on", true)]
    [InlineData("false", false)]
    [InlineData("No", false)]
    [InlineData("0", false)]
    [InlineData("OFF", false)]
    public void Yes_and_no_in_all_usual_ways(string text, bool value) => Assert.Equal(value, Good(Scalars.Boolean(text)));

    [Fact]
    public void What_is_neither_yes_nor_no_is_told() =>
        Assert.Equal("\"ture\" is neither yes nor no; write true or false", Scalars.Boolean("ture").Error);

    [Theory]
    [InlineData("8000, 8001", new[] { 8000, 8001 })]
    [InlineData("8000,8001,8000", new[] { 8000, 8001 })]
    [InlineData("65535", new[] { 65535 })]
    public void Ports(string text, int[] ports) => Assert.Equal(ports, Good(Scalars.Ports(text)));

    [Theory]
    [InlineData("0")]
    [InlineData("65536")]
    [InlineData("010")]
    [InlineData("8000/tcp")]
    [InlineData("-1")]
    [InlineData(" 80")]
    [InlineData("http")]
    [InlineData("")]
    public void What_is_no_port_is_told(string text) =>
        Assert.Equal($"\"{text}\" is not a port (1 to 65535); write 8000", Scalars.Port(text).Error);

    [Fact]
    public void A_list_with_a_bad_port_names_it() =>
        Assert.Equal("\"80 81\" is not a port (1 to 65535); write 8000, or 8000, 8001", Scalars.Ports("8000, 80 81").Error);

    [Theory]
    [InlineData("enforc", "\"enforc\" is not a mode; did you mean enforce?")]
    [InlineData("Enforce", "\"Enforce\" is not a mode; did you mean enforce?")]
    [InlineData("on", "\"on\" is not a mode; write observe, recommend or enforce")]
    public void What_is_no_mode_is_told_with_the_nearest(string text, string error) => Assert.Equal(error, Scalars.Mode(text).Error);

    [Fact]
    public void Words_stand_for_what_they_say()
    {
        Assert.Equal([Mode.Observe, Mode.Recommend, Mode.Enforce], Scalars.ModeWords.Select(word => Good(Scalars.Mode(word))));
        Assert.Equal([Priority.Critical, Priority.Standard, Priority.Batch], Scalars.PriorityWords.Select(word => Good(Scalars.Priority(word))));
        Assert.Equal([Yields.Gate, Yields.Share, Yields.Never], Scalars.YieldsWords.Select(word => Good(Scalars.Yields(word))));
    }

    [Theory]
    [InlineData("nightly-*", "nightly-embedding", true)]
    [InlineData("nightly-*", "nightly-", true)]
    [InlineData("nightly-*", "nightly", false)]
    [InlineData("*", "", true)]
    [InlineData("*-v?-*", "a-v1-v2-b", true)]
    [InlineData("*-v??-*", "a-v1-v2-b", false)]
    [InlineData("a*b*c", "aXbXbXc", true)]
    [InlineData("a*b*c", "aXcXb", false)]
    [InlineData("model", "Model", false)]
    [InlineData("a?c", "ac", false)]
    [InlineData("a**c", "abc", true)]
    public void Globs(string pattern, string text, bool matches) => Assert.Equal(matches, Glob.Matches(pattern, text));

    [Fact]
    public void A_pattern_of_many_stars_does_not_explode() =>
        Assert.False(Glob.Matches(string.Concat(Enumerable.Repeat("*a", 100)) + "b", new string('a', 5_000)));

    [Theory]
    [InlineData("prioritty", "priority")]
    [InlineData("priorty", "priority")]
    [InlineData("pirority", "priority")]
    [InlineData("PRIORITY", "priority")]
    [InlineData("solo", "slo")]
    [InlineData("nam", "name")]
    [InlineData("x", null)]
    [InlineData("gpu", null)]
    [InlineData("something-else", null)]
    public void The_nearest_word_is_offered_if_it_is_near(string typed, string? near) =>
        Assert.Equal(near, Wording.Nearest(typed, ["name", "priority", "slo", "p95"]));

    [Fact]
    public void A_quoted_text_cannot_play_with_the_terminal_and_is_cut() =>
        Assert.Equal(
            "\"\\u001b[31mred\\u00a0\\u200b" + new string('a', 50) + "...\"",
            Wording.Quote("\u001b[31mred\u00a0\u200b" + new string('a', 99)));

    [Theory]
    [InlineData("http://prometheus:9090", true)]
    [InlineData("https://prometheus.example/base/", true)]
    [InlineData("prometheus:9090", false)]
    [InlineData("ftp://prometheus", false)]
    [InlineData("file:///etc/passwd", false)]
    [InlineData("http://", false)]
    [InlineData("http://a b", false)]
    [InlineData("http://a/?query=1", false)]
    public void Addresses_of_servers(string text, bool good) => Assert.Equal(good, Addresses.Url(text).Error is null);

    [Theory]
    [InlineData("http://me:s3cret@prometheus:9090")]
    [InlineData("me:s3cret@prometheus")]
    public void A_password_in_an_address_is_refused_and_not_repeated(string url) => Assert.DoesNotContain("s3cret", Addresses.Url(url).Error, StringComparison.Ordinal);

    [Fact]
    public void Every_word_of_an_SLO_is_found_and_named_back()
    {
        Assert.Equal(16, SloWords.All.Count);
        foreach (var word in SloWords.All)
        {
            var (signal, rank) = SloWords.Find(word)!.Value;
            Assert.Equal(word, new Slo(signal, rank, TimeSpan.FromSeconds(1)).Name);
        }
        Assert.Null(SloWords.Find("p97"));
    }

    private static T Good<T>(Parsed<T> parsed)
    {
        Assert.Null(parsed.Error);
        return parsed.Value!;
    }
}
