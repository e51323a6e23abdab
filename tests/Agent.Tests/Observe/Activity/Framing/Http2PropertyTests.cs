using CsCheck;
using Headroom.Observe.Activity.Framing;
using static Headroom.Tests.Observe.Activity.Framing.Http2Bytes;

namespace Headroom.Tests.Observe.Activity.Framing;

public sealed class Http2PropertyTests
{
    private static readonly Gen<(int Kind, int Detail)[]> Talks = Gen.Select(Gen.Int[0, 12], Gen.Int[0, 1 << 20]).Array[1, 40];
    // Ends of packets, in turn.
    private static readonly Gen<int[]> Cuts = Gen.OneOf(Gen.Int[1, 12], Gen.Int[1, 3000]).Array[1, 8];

    [Fact]
    public void Any_conversation_cut_anywhere_has_as_many_in_flight_as_were_begun_and_not_ended() =>
        Gen.Select(Talks, Cuts).Sample((steps, cuts) =>
        {
            var (talk, model, cut) = (Http2Talk.Greeted(), new Http2Model(late: true), 0);
            foreach (var (kind, detail) in steps)
            {
                var (toServer, bytes) = model.Step(kind, detail);
                foreach (var part in Parts(bytes, cuts, ref cut))
                    talk.Framing.Read(toServer, part);
                if ((talk.InFlight, talk.Framing.Requests, talk.State) != (model.InFlight, model.Requests, FramingState.Reading))
                    return false;
            }
            return true;
        }, iter: 10_000);

    [Fact]
    public void Whatever_is_missed_of_a_conversation_nothing_stays_in_flight_after_its_end_and_silence() =>
        Gen.Select(Talks, Cuts, Gen.Int[0, 4].Array[1, 30], Gen.Bool).Sample((steps, cuts, misses, joined) =>
        {
            var (talk, model, cut, packet) = (joined ? Http2Talk.Joined() : Http2Talk.Greeted(), new Http2Model(late: false), 0, 0);
            foreach (var (kind, detail) in steps)
            {
                var (toServer, bytes) = model.Step(kind, detail);
                foreach (var part in Parts(bytes, cuts, ref cut))
                {
                    if (misses[packet++ % misses.Length] == 0)
                        talk.Framing.Miss(toServer, part.Length);
                    else
                        talk.Framing.Read(toServer, part);
                }
            }
            if (talk.State == FramingState.Opaque)
                return false;
            talk.Server(model.EndAll());
            talk.Framing.Silence();
            // Where both sides are found again, all is known again.
            talk.Client(Ping(), Ping()).Server(Ping(), Ping());
            talk.Framing.Silence();
            return talk.InFlight == 0;
        }, iter: 10_000);

    [Fact]
    public void Garbage_never_throws_and_after_silence_a_lost_connection_has_nothing_in_flight() =>
        Gen.Select(Gen.Select(Gen.Bool, Gen.Int[0, 9], Gen.Byte.Array[0, 60]).Array[1, 30], Gen.Int[0, 2]).Sample((packets, begin) =>
        {
            var talk = begin switch { 0 => Http2Talk.Greeted(), 1 => Http2Talk.Joined(), _ => Http2Talk.New() };
            foreach (var (toServer, kind, bytes) in packets)
            {
                if (kind == 0)
                    talk.Framing.Miss(toServer, bytes.Length);
                else
                    // Half of them begin as frames do, so that what follows is looked at.
                    talk.Framing.Read(toServer, kind < 5 ? bytes : Frame((Http2Type)(kind - 4), bytes.Length * 37 & 0x2D, kind > 7 ? 0 : 1 + 2 * kind, bytes));
            }
            talk.Framing.Silence();
            return talk.State == FramingState.Reading || talk.InFlight == 0;
        }, iter: 10_000);

    [Fact]
    public void Garbage_headers_never_throw() =>
        Gen.Byte.Array[0, 200].Array[1, 10].Sample(blocks =>
        {
            var decoder = new HpackDecoder(new QuietPaths(null));
            foreach (var block in blocks)
            {
                decoder.Forget();
                decoder.Decode(block);
            }
        }, iter: 10_000);

    private static List<byte[]> Parts(byte[] bytes, int[] cuts, ref int cut)
    {
        var parts = new List<byte[]>();
        for (var at = 0; at < bytes.Length;)
        {
            var take = Math.Min(cuts[cut++ % cuts.Length], bytes.Length - at);
            parts.Add(bytes[at..(at + take)]);
            at += take;
        }
        return parts;
    }
}
