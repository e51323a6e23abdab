using CsCheck;
using Headroom.Model;
using Headroom.Observe.Latency;

namespace Headroom.Tests.Observe.Latency;

public class PresetReadingTests
{
    private static readonly Preset Latency = Reads.Preset(PresetFields.EndToEnd, Reads.Histogram("lat"));

    private const string Plain = "lat_bucket{le=\"0.1\"} 1\nlat_bucket{le=\"1\"} 3\nlat_bucket{le=\"+Inf\"} 4\nlat_sum 5.5\nlat_count 4\n";

    [Theory]
    [InlineData(Plain)]
    [InlineData("lat_sum 5.5\nlat_count 4\nlat_bucket{le=\"+Inf\"} 4\nlat_bucket{le=\"1.0\"} 3\nlat_bucket{le=\"0.10\"} 1\n")]
    [InlineData("lat_bucket{le=\"0.1\"} 1\nlat_bucket{le=\"1\"} 3\nlat_sum 5.5\nlat_count 4\n")]
    [InlineData("lat_bucket{le=\"0.1\"} 1\nlat_bucket{le=\"1\"} 2\nlat_bucket{le=\"1.0\"} 3\nlat_bucket{le=\"inf\"} 4\nlat_sum 5.5\n")]
    [InlineData("lat_bucket{le=\"1e-1\"} 1 # {t=\"a\"} 0.05\nlat_bucket{le=\"1\"} 3 1790000000\nlat_bucket{le=\"+Inf\"} 4\nlat_sum 5.5\nlat_created 1.7e9\n# EOF")]
    public void A_histogram_is_the_same_however_its_lines_are_ordered_and_its_bounds_written(string text)
    {
        var histogram = Reads.EndToEnd(Reads.Read(Latency, text));
        Assert.Equal([0.1, 1], histogram.UpperBounds);
        Assert.Equal([1, 3, 4], histogram.Cumulative);
        Assert.Equal(5.5, histogram.SumSeconds);
    }

    [Fact]
    public void Series_with_equal_bounds_are_summed_whatever_the_order_of_their_labels()
    {
        var scrape = Reads.Read(Latency,
            "lat_bucket{m=\"a\",e=\"0\",le=\"1\"} 1\nlat_bucket{le=\"+Inf\",e=\"0\",m=\"a\"} 2\nlat_sum{e=\"0\",m=\"a\"} 3\n" +
            "lat_bucket{m=\"b\",le=\"1.0\"} 10\nlat_bucket{m=\"b\",le=\"+Inf\"} 20\nlat_sum{m=\"b\"} 30\n");
        Assert.Equal([11, 22], Reads.EndToEnd(scrape).Cumulative);
        Assert.Equal(33, Reads.EndToEnd(scrape).SumSeconds);
        Assert.Empty(scrape.Remarks);
    }

    [Fact]
    public void A_series_with_other_bounds_than_the_most_is_left_out_and_said_so()
    {
        var scrape = Reads.Read(Latency,
            "lat_bucket{m=\"x\",le=\"7\"} 1000\nlat_bucket{m=\"x\",le=\"+Inf\"} 2000\n" +
            "lat_bucket{m=\"a\",le=\"1\"} 1\nlat_bucket{m=\"a\",le=\"+Inf\"} 2\nlat_bucket{m=\"b\",le=\"1\"} 1\nlat_bucket{m=\"b\",le=\"+Inf\"} 2\n");
        Assert.Equal([1], Reads.EndToEnd(scrape).UpperBounds);
        Assert.Equal([2, 4], Reads.EndToEnd(scrape).Cumulative);
        Assert.Contains("1 series left out", Assert.Single(scrape.Remarks));
    }

    [Fact]
    public void Buckets_read_a_moment_apart_are_made_to_rise()
    {
        var scrape = Reads.Read(Latency, "lat_bucket{le=\"1\"} 5\nlat_bucket{le=\"2\"} 4\nlat_bucket{le=\"+Inf\"} 6\n");
        Assert.Equal([5, 5, 6], Reads.EndToEnd(scrape).Cumulative);
    }

    [Theory]
    [InlineData("NaN")]
    [InlineData("+Inf")]
    [InlineData("-1")]
    public void A_bucket_that_is_no_count_makes_its_series_unusable(string value)
    {
        var scrape = Reads.Read(Latency, $"lat_bucket{{le=\"1\"}} {value}\nlat_bucket{{le=\"+Inf\"}} 6\n");
        Assert.Empty(scrape.Histograms);
        Assert.NotEmpty(scrape.Remarks);
    }

    [Theory]
    [InlineData("NaN")]
    [InlineData("-2")]
    public void A_gauge_that_is_no_number_is_unknown_not_zero(string value)
    {
        var scrape = Reads.Read(Reads.Preset(PresetFields.Running, Reads.Gauge("run")), $"run{{e=\"0\"}} 3\nrun{{e=\"1\"}} {value}\n");
        Assert.Null(scrape.Running);
        Assert.NotEmpty(scrape.Remarks);
    }

    [Fact]
    public void A_sum_that_is_no_number_is_unknown_but_the_buckets_hold()
    {
        var histogram = Reads.EndToEnd(Reads.Read(Latency, "lat_bucket{le=\"1\"} 5\nlat_bucket{le=\"+Inf\"} 6\nlat_sum NaN\n"));
        Assert.Null(histogram.SumSeconds);
        Assert.Equal(6, histogram.Count);
    }

    [Fact]
    public void Without_buckets_a_histogram_still_gives_a_mean()
    {
        var scrape = Reads.Read(Latency, "lat_sum 12\nlat_count 6\n");
        Assert.Empty(scrape.Histograms);
        Assert.Equal((12, 6), scrape.Sums[LatencySignal.EndToEnd]);
    }

    [Fact]
    public void The_first_alternative_that_the_server_has_wins()
    {
        var preset = Reads.Preset(PresetFields.EndToEnd, Reads.Histogram("new_name"), Reads.Histogram("lat"));
        Assert.Equal(4, Reads.EndToEnd(Reads.Read(preset, Plain)).Count);
        Assert.Equal(9, Reads.EndToEnd(Reads.Read(preset, Plain + "new_name_bucket{le=\"1\"} 9\nnew_name_bucket{le=\"+Inf\"} 9\n")).Count);
    }

    [Fact]
    public void Only_series_with_the_asked_labels_count()
    {
        var preset = Reads.Preset(PresetFields.Running, Reads.Gauge("run", ("rank", "0"), ("m", "a\"\\\n")));
        var scrape = Reads.Read(preset, "run{rank=\"1\",m=\"a\\\"\\\\\\n\"} 5\nrun{m=\"a\\\"\\\\\\n\",rank=\"0\"} 3\nrun{rank=\"0\"} 9\n");
        Assert.Equal(3, scrape.Running);
    }

    [Fact]
    public void Twins_of_a_counter_with_and_without_total_are_not_added_up()
    {
        var preset = Reads.Preset(PresetFields.Requests, Reads.Counter("req"));
        Assert.Equal(5, Reads.Read(preset, "req 5\nreq_total 5\n").Requests);
        Assert.Equal(5, Reads.Read(preset, "req_total 5\nreq_created 1.7e9\n").Requests);
    }

    [Theory]
    [InlineData(0.001, 300, 0.3)]
    [InlineData(0.000001, 180_000, 0.18)]
    [InlineData(1, 0.3, 0.3)]
    public void Bounds_come_out_in_seconds_to_the_last_digit(double unit, double bound, double seconds)
    {
        var preset = Reads.Preset(PresetFields.EndToEnd, Reads.Histogram("lat", unit));
        var text = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"lat_bucket{{le=\"{bound}\"}} 5\nlat_bucket{{le=\"+Inf\"}} 6\n");
        Assert.Equal([seconds], Reads.EndToEnd(Reads.Read(preset, text)).UpperBounds);
    }

    [Fact]
    public void Quantiles_of_several_models_give_the_worst_and_say_so()
    {
        var preset = Reads.Preset(PresetFields.EndToEnd, new PresetField("s", PresetFieldKind.Summary, 0.001));
        var scrape = Reads.Read(preset,
            "s{m=\"a\",quantile=\"0.5\"} 10\ns{m=\"a\",quantile=\"0.99\"} NaN\ns_sum{m=\"a\"} 100\ns_count{m=\"a\"} 10\n" +
            "s{m=\"b\",quantile=\"0.5\"} 30\ns_sum{m=\"b\"} 300\ns_count{m=\"b\"} 10\n" +
            "s{m=\"never used\",quantile=\"0.5\"} 9999\ns_count{m=\"never used\"} 0\ns_sum{m=\"never used\"} 0\n");
        Assert.Equal(0.03, Assert.Single(scrape.Quantiles[LatencySignal.EndToEnd]).Value);
        Assert.Equal((0.4, 20), scrape.Sums[LatencySignal.EndToEnd]);
        Assert.Contains("2 series", Assert.Single(scrape.Remarks));
    }

    [Fact]
    public void A_summary_without_quantiles_gives_a_mean()
    {
        var scrape = Reads.Read(Reads.Preset(PresetFields.EndToEnd, new PresetField("s", PresetFieldKind.Summary)), "s_sum 9\ns_count 3\n");
        Assert.Empty(scrape.Quantiles);
        Assert.Equal((9, 3), scrape.Sums[LatencySignal.EndToEnd]);
    }

    [Fact]
    public void A_server_that_was_not_used_yet_tells_nothing_and_that_is_no_error()
    {
        var reading = new PresetReader(Latency).Begin(Reads.At(0));
        var scrape = reading.Complete();
        Assert.False(reading.FoundAny);
        Assert.Empty(scrape.Histograms);
        Assert.Empty(scrape.Remarks);
        Assert.Null(scrape.Running);
    }

    [Fact]
    public void Equal_bounds_of_two_readings_are_one_object()
    {
        var reader = new PresetReader(Latency);
        var bounds = Enumerable.Range(0, 2).Select(_ =>
        {
            var reading = reader.Begin(Reads.At(0));
            reading.Feed(System.Text.Encoding.UTF8.GetBytes(Plain));
            return Reads.EndToEnd(reading.Complete()).UpperBounds;
        }).ToList();
        Assert.Same(bounds[0], bounds[1]);
    }

    [Fact]
    public void Labels_without_end_do_not_grow_the_reading_without_end()
    {
        var text = string.Concat(Enumerable.Range(0, SeriesTable.MaxSeries + 10).Select(i => $"lat_bucket{{user=\"{i}\",le=\"+Inf\"}} 1\n"));
        var scrape = Reads.Read(Latency, text);
        Assert.Equal(SeriesTable.MaxSeries, Reads.EndToEnd(scrape).Count);
        Assert.NotEmpty(scrape.Remarks);
    }

    [Theory]
    [InlineData("vllm")]
    [InlineData("triton-summaries")]
    [InlineData("tensorflow-serving")]
    [InlineData("torchserve")]
    public void How_the_body_is_cut_into_chunks_makes_no_difference(string name)
    {
        var preset = Headroom.Policies.PresetLibrary.BuiltIn().Single(p => p.Name == name.Split('-', 2)[0] || p.Name == name);
        var body = Reads.Exposition(name);
        var whole = Reads.Describe(Reads.Read(preset, body));
        var reader = new PresetReader(preset);

        var byByte = reader.Begin(Reads.At(0));
        foreach (var b in body)
            byByte.Feed([b]);
        Assert.Equal(whole, Reads.Describe(byByte.Complete()));

        Gen.Int[0, 300].Array[1, 200].Sample(sizes =>
        {
            var reading = reader.Begin(Reads.At(0));
            var at = 0;
            for (var i = 0; at < body.Length; i++)
            {
                var size = Math.Min(sizes[i % sizes.Length] + (i / sizes.Length), body.Length - at);
                reading.Feed(body.AsSpan(at, size));
                at += size;
            }
            return Reads.Describe(reading.Complete()) == whole;
        }, iter: 200);
    }
}
