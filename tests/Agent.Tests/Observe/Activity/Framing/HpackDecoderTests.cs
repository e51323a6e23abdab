using Headroom.Observe.Activity.Framing;

namespace Headroom.Tests.Observe.Activity.Framing;

public sealed class HpackDecoderTests
{
    private readonly HpackDecoder _decoder = new(new QuietPaths("/stats"));

    [Theory]
    // RFC 7541, C.3 (plain), C.4 (Huffman), C.5 and C.6 (answers, in a table of 256 bytes that evicts).
    [InlineData(0, "828684410f7777772e6578616d706c652e636f6d 828684be58086e6f2d6361636865 828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565", "1/57 2/110 3/164")]
    [InlineData(0, "828684418cf1e3c2e5f23a6ba0ab90f4ff 828684be5886a8eb10649cbf 828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf", "1/57 2/110 3/164")]
    [InlineData(256, "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d 4803333037c1c0bf 88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31", "4/222 4/222 3/215")]
    [InlineData(256, "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3 4883640effc1c0bf 88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007", "4/222 4/222 3/215")]
    public void The_table_of_the_examples_of_the_rfc_has_their_entries_and_sizes(int max, string blocks, string tables)
    {
        if (max > 0)
            _decoder.Decode([0x3F, (byte)((max - 31) & 0x7F | 0x80), (byte)((max - 31) >> 7)]);
        var seen = new List<string>();
        foreach (var block in blocks.Split(' '))
        {
            _decoder.Decode(Convert.FromHexString(block));
            seen.Add($"{_decoder.Table.Count}/{_decoder.Table.Size}");
        }
        Assert.Equal(tables, string.Join(' ', seen));
    }

    [Fact]
    public void Every_byte_survives_huffman()
    {
        for (var first = 0; first < 256; first++)
        {
            byte[] text = [(byte)first, (byte)'a', (byte)(255 - first), (byte)first];
            var packed = HpackEncoder.Huffman(text);
            var to = new byte[HpackHuffman.MaxDecoded(packed.Length)];
            Assert.Equal(4, HpackHuffman.Decode(packed, to));
            Assert.Equal(text, to[..4]);
        }
    }

    [Fact]
    public void Codes_fill_all_of_the_space()
    {
        var space = 0L;
        for (var i = 0; i < HpackHuffman.Lengths.Length; i++)
            space += (long)HpackHuffman.Counts[i] << (32 - HpackHuffman.Lengths[i]);
        Assert.Equal(1L << 32, space);
        Assert.Equal(256, HpackHuffman.Symbols.ToArray().Distinct().Count());
    }

    [Theory]
    [InlineData("FF", -1)]       // A whole byte of padding.
    [InlineData("1C", -1)]       // a, then padding with zeros.
    [InlineData("1F", 1)]
    [InlineData("", 0)]
    [InlineData("FFFFFFFF", -1)] // The end of string itself.
    public void Padding_is_short_and_of_ones(string packed, int length) =>
        Assert.Equal(length, HpackHuffman.Decode(Convert.FromHexString(packed), new byte[16]));

    [Theory]
    [InlineData("POST", "/grpc.health.v1.Health/Check", true)]
    [InlineData("POST", "/chat.Chat/Talk", false)]
    [InlineData("GET", "/metrics", true)]
    [InlineData("HEAD", "/health?full=1", true)]
    [InlineData("GET", "/stats", true)]
    [InlineData("POST", "/stats?a=b.c/d", false)]
    [InlineData("DELETE", "/health", false)]
    [InlineData("GET", "/v1/completions", false)]
    [InlineData("GET", "/", true)]
    public void Who_only_looks_is_told_by_method_and_path_in_every_form(string method, string path, bool look)
    {
        var encoder = new HpackEncoder();
        for (var form = 0; form < 128; form++)
        {
            var block = encoder.Field("user-agent", "probe", form).Field(":path", path, form).Field("te", "trailers", form).Field(":method", method, form + 5).Done();
            Assert.Equal(look ? HpackSays.Look : HpackSays.Request, _decoder.Decode(block));
        }
    }

    [Fact]
    public void Trailers_ask_for_nothing() => Assert.Equal(HpackSays.Nothing, _decoder.Decode(new HpackEncoder().Field("checksum", "1", 0).Done()));

    [Theory]
    [InlineData("80")]           // Index 0.
    [InlineData("BE")]           // Nothing there yet.
    [InlineData("FFFFFFFFFF7F")] // Longer than any number may be.
    [InlineData("FF80")]         // Cut.
    [InlineData("047F")]         // A string longer than the block.
    [InlineData("4401")]
    [InlineData("0485FFFFFFFFFF")] // Malformed Huffman in a path.
    public void After_a_malformed_block_everything_is_a_request(string block)
    {
        var health = new HpackEncoder().Field(":method", "POST", 0).Field(":path", Http2Bytes.Health, 0).Done();
        Assert.Equal(HpackSays.Look, _decoder.Decode(health));
        Assert.Equal(HpackSays.Request, _decoder.Decode(Convert.FromHexString(block)));
        Assert.Equal(HpackSays.Request, _decoder.Decode(health));
        _decoder.Begin();
        Assert.Equal(HpackSays.Look, _decoder.Decode(health));
    }

    [Fact]
    public void After_missed_blocks_what_is_said_anew_is_known_and_what_was_said_before_is_not()
    {
        const int keep = 2 << 3 | 1 << 5;
        const int indexed = 1 << 1;
        var encoder = new HpackEncoder();
        byte[] Health(int form) => encoder.Field(":method", "POST", indexed).Field(":path", Http2Bytes.Health, form).Done();
        _decoder.Decode(Health(keep));
        Assert.Equal(HpackSays.Look, _decoder.Decode(Health(indexed)));
        _decoder.Forget();
        Assert.Equal(HpackSays.Request, _decoder.Decode(Health(indexed)));
        Assert.Equal(HpackSays.Look, _decoder.Decode(Health(keep)));
        Assert.Equal(HpackSays.Look, _decoder.Decode(Health(indexed)));
    }

    [Fact]
    public void A_table_of_any_size_that_a_client_may_ask_for_stays_bounded()
    {
        var encoder = new HpackEncoder().Resize(1 << 20);
        for (var i = 0; i < 4000; i++)
            encoder.Field("x", "y" + i, 2 << 3);
        _decoder.Decode(encoder.Done());
        Assert.InRange(_decoder.Table.Size, 1, 64 << 10);
        // The newest are still known.
        _decoder.Decode(encoder.Field(":path", "/health", 2 << 3 | 1 << 5).Done());
        Assert.Equal(HpackSays.Look, _decoder.Decode(encoder.Field(":method", "GET", 2).Field(":path", "/health", 2).Done()));
    }
}
