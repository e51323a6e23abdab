using System.Text;
using CsCheck;
using Headroom.Profiling.Load;

namespace Headroom.Tests.Profiling.Load;

public sealed class EventReaderTests
{
    private const string Stream = ": hello\n\ndata: {\"a\":1}\r\n\r\nevent: x\ndata:2\n\ndata: [DONE]\n\n";

    [Fact]
    public void Events_are_counted_wherever_the_bytes_are_cut() =>
        Gen.Int[0, Stream.Length].Array[0, 6].Sample(cuts =>
        {
            var bytes = Encoding.UTF8.GetBytes(Stream);
            var reader = EventReader.For("text/event-stream")!;
            int[] at = [0, .. cuts.Order(), bytes.Length];
            Assert.Equal(2, at.Zip(at.Skip(1)).Sum(part => reader.Feed(bytes.AsSpan(part.First, part.Second - part.First))));
        });

    [Fact]
    public void Each_line_of_JSON_Lines_is_an_event() =>
        Assert.Equal(2, EventReader.For("application/x-ndjson")!.Feed("{\"a\":1}\n\n{\"done\":true}\n"u8));

    [Theory]
    [InlineData("application/json")]
    [InlineData(null)]
    public void Other_answers_come_as_a_whole(string? type) => Assert.Null(EventReader.For(type));
}
