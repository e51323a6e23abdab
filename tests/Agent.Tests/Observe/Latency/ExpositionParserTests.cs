using System.Text;
using Headroom.Observe.Latency;

namespace Headroom.Tests.Observe.Latency;

public class ExpositionParserTests
{
    private sealed class Seen : IExpositionSink
    {
        public List<string> Samples { get; } = [];

        public bool Sample(int name, ReadOnlySpan<byte> labels, double value)
        {
            var reader = new LabelReader(labels);
            var pairs = new List<string>();
            while (reader.Next())
                pairs.Add($"{Encoding.UTF8.GetString(reader.Name)}={Encoding.UTF8.GetString(reader.RawValue)}");
            if (reader.Bad)
                return false;
            Samples.Add(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name}[{string.Join(';', pairs)}]={value}"));
            return true;
        }
    }

    private static (List<string> Samples, ExpositionParser Parser) Parse(string text, params string[] names)
    {
        var seen = new Seen();
        var parser = new ExpositionParser(new SampleNames(names), seen);
        parser.Feed(Encoding.UTF8.GetBytes(text));
        parser.Complete();
        return (seen.Samples, parser);
    }

    [Theory]
    [InlineData("a 1", "0[]=1")]
    [InlineData("a 1\r", "0[]=1")]
    [InlineData("  a\t 1  ", "0[]=1")]
    [InlineData("a{} 7", "0[]=7")]
    [InlineData("a{x=\"1\",} 2", "0[x=1]=2")]
    [InlineData("a{ x = \"1\" , y=\"2\" } 2", "0[x=1;y=2]=2")]
    [InlineData("a {x=\"1\"} 2", "0[x=1]=2")]
    [InlineData("a{x=\"}\",y=\",\"} 2", "0[x=};y=,]=2")]
    [InlineData("a{x=\"q\\\"}\\\\\"} 2", "0[x=q\\\"}\\\\]=2")]
    [InlineData("a{\"x.y\"=\"1\"} 2", "0[x.y=1]=2")]
    [InlineData("a 1.04e+010", "0[]=10400000000")]
    [InlineData("a 1.25E7", "0[]=12500000")]
    [InlineData("a 3.0", "0[]=3")]
    [InlineData("a -0.5", "0[]=-0.5")]
    [InlineData("a nan", "0[]=NaN")]
    [InlineData("a Nan", "0[]=NaN")]
    [InlineData("a +Inf", "0[]=Infinity")]
    [InlineData("a -inf", "0[]=-Infinity")]
    [InlineData("a 1 1790000000000", "0[]=1")]
    [InlineData("a{x=\"1\"} 5 1790000000.5 # {trace_id=\"}\"} 0.3 1790000000", "0[x=1]=5")]
    [InlineData("a 5 # {} 0.3", "0[]=5")]
    [InlineData("a 12345678901234567890", "0[]=1.2345678901234567E+19")]
    public void Every_way_to_write_a_sample_is_read(string line, string expected) =>
        Assert.Equal([expected], Parse(line + "\n", "a").Samples);

    [Theory]
    [InlineData("a")]
    [InlineData("a ")]
    [InlineData("a one")]
    [InlineData("a 1_000")]
    [InlineData("a{x=\"1\" 2")]
    [InlineData("a{x=\"1} 2")]
    [InlineData("a{x=1} 2")]
    [InlineData("a{=\"1\"} 2")]
    [InlineData("a{x} 2")]
    [InlineData("a{x=\"1\"}")]
    public void A_wanted_line_that_makes_no_sense_is_counted_and_costs_only_itself(string line)
    {
        var (samples, parser) = Parse($"b 1\n{line}\nb 2\n", "a", "b");
        Assert.Equal(["1[]=1", "1[]=2"], samples);
        Assert.Equal(1, parser.MalformedLines);
    }

    [Fact]
    public void Comments_units_blank_lines_and_the_end_mark_are_passed_over()
    {
        var (samples, parser) = Parse("# HELP other wrong family\n# TYPE a counter\n# UNIT a seconds\n\n \n#\n#a 3\na 1\na_created 1.7e9\n# EOF\na 2", "a");
        Assert.Equal(["0[]=1", "0[]=2"], samples);
        Assert.Equal(0, parser.MalformedLines);
    }

    [Fact]
    public void Names_that_only_begin_alike_are_not_taken_for_wanted_ones()
    {
        var (samples, _) = Parse("ab 1\na 2\n:a:b{x=\"1\"} 3\na_total 4\n{\"a\"} 5\n", "a", ":a:b");
        Assert.Equal(["0[]=2", "1[x=1]=3"], samples);
    }

    [Fact]
    public void A_line_over_64_KiB_is_dropped_and_counted_whether_it_comes_whole_or_in_parts()
    {
        var text = $"a{{x=\"{new string('y', LineParser.MaxLineBytes)}\"}} 1\na 2\n";
        foreach (var size in new[] { text.Length, 4096, 1 })
        {
            var seen = new Seen();
            var parser = new ExpositionParser(new SampleNames(["a"]), seen);
            foreach (var chunk in Encoding.UTF8.GetBytes(text).Chunk(size))
                parser.Feed(chunk);
            parser.Complete();
            Assert.Equal(["0[]=2"], seen.Samples);
            Assert.Equal(1, parser.DroppedLines);
        }
    }

    [Fact]
    public void A_body_without_line_ends_is_not_gathered_up()
    {
        var parser = new ExpositionParser(new SampleNames(["a"]), new Seen());
        var chunk = new byte[64 * 1024];
        Array.Fill(chunk, (byte)'a');
        parser.Feed(chunk);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            parser.Feed(chunk);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1024);
    }

    [Fact]
    public void Lines_that_nobody_wants_allocate_nothing()
    {
        var line = Encoding.UTF8.GetBytes("go_gc_duration_seconds{quantile=\"0.5\"} 1.2e-05\n# HELP x y\n");
        var parser = new ExpositionParser(new SampleNames(["vllm:num_requests_running", "vllm:num_requests_waiting"]), new Seen());
        parser.Feed(line);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
            parser.Feed(line);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
