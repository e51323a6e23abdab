using System.Text;
using Headroom.Model;
using Headroom.Observe.Latency;

namespace Headroom.Tests.Observe.Latency;

public class JsonPresetReaderTests
{
    private static double? Read(string path, string json, string? minus = null)
    {
        var preset = Reads.Preset(PresetFields.Running, new PresetField(path, PresetFieldKind.Gauge, Minus: minus)) with { Format = PresetFormat.Json };
        return JsonPresetReader.Read(preset, Encoding.UTF8.GetBytes(json), Reads.At(0)).Running;
    }

    [Theory]
    [InlineData("a", "{\"a\":3}", 3.0)]
    [InlineData("a.b.c", "{\"a\":{\"b\":{\"c\":2.5}}}", 2.5)]
    [InlineData("a[].b", "{\"a\":[{\"b\":1},{\"b\":2}]}", 3.0)]
    [InlineData("a[].b[].c", "{\"a\":[{\"b\":[{\"c\":1},{\"c\":4}]},{\"b\":[]}]}", 5.0)]
    [InlineData("a[]", "{\"a\":[1,{},\"x\"]}", 3.0)]
    [InlineData("a[]", "{\"a\":[]}", 0.0)]
    [InlineData("a[].b", "{\"a\":[]}", 0.0)]
    [InlineData("a[].b", "{\"a\":[{\"c\":1}]}", null)]
    [InlineData("a[].b", "{\"a\":{\"b\":1}}", null)]
    [InlineData("a", "{\"a\":\"3\"}", null)]
    [InlineData("a", "{\"a\":null}", null)]
    [InlineData("a", "{\"a\":-1}", null)]
    [InlineData("a", "{}", null)]
    [InlineData("a", "[]", null)]
    public void A_path_finds_its_number_or_nothing(string path, string json, double? expected) => Assert.Equal(expected, Read(path, json));

    [Theory]
    [InlineData("{\"a\":5,\"b\":2}", 3.0)]
    [InlineData("{\"a\":5}", null)]
    [InlineData("{\"a\":1,\"b\":2}", null)]
    public void What_is_taken_off_must_be_there_and_smaller(string json, double? expected) => Assert.Equal(expected, Read("a", json, minus: "b"));

    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("{\"a\":")]
    [InlineData("\u0000")]
    public void An_answer_that_is_no_json_says_so(string body)
    {
        Assert.Throws<InvalidDataException>(() => Read("a", body));
        Assert.False(JsonPresetReader.Matches(Reads.Preset(), Encoding.UTF8.GetBytes(body)));
    }
}
