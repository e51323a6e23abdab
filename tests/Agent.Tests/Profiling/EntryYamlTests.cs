using CsCheck;
using Headroom.Policies;
using Headroom.Profiling;

namespace Headroom.Tests.Profiling;

public sealed class EntryYamlTests
{
    private static readonly string[] Hostile = ["recommender", "no", "12", "a: b", "- x", "#c", "\"q\"", "模型-一", "127.0.0.1-8000"];
    private static readonly Gen<string> Names = Gen.OneOf(
        Gen.String[1, 20].Where(s => s.Trim().Length > 0 && !s.Any(char.IsControl) && !s.Any(char.IsSurrogate) && !s.Any(c => c is '*' or '?')),
        Gen.Int[0, Hostile.Length - 1].Select(i => Hostile[i]));

    [Fact]
    public void Whatever_was_measured_is_a_policy_that_loads_and_says_the_same() =>
        (from name in Names
         from p95 in Gen.Double[0.0005, 900].Select(s => Math.Round(s, 4))
         from guarantee in Gen.Long[1, 200].Select(n => n * (256L << 20))
         from room in Gen.Long[0, 20].Select(n => n * (256L << 20))
         from reason in Gen.String
         select (name, p95, guarantee, room, reason)).Sample(
            s =>
            {
                var entry = new ProposedEntry(
                    s.name.Trim(), new ProposedMatch("composeService", string.Concat(s.name.Where(c => !char.IsWhiteSpace(c)))), "standard", s.p95, null, s.guarantee, s.guarantee + s.room,
                    new Dictionary<string, string> { ["priority"] = s.reason, ["slo.p95"] = s.reason, ["vram.cap"] = s.name });
                var loaded = PolicyReader.Read([PolicyFile.FromText("proposal.yaml", EntryYaml.Write(entry))], PresetLibrary.BuiltIn());
                Assert.Empty(loaded.Problems);
                var read = Assert.Single(loaded.Policy!.Workloads);
                Assert.Equal((entry.GuaranteeBytes, entry.CapBytes), (read.GuaranteeBytes, read.CapBytes));
                Assert.Equal(s.p95, Assert.Single(read.Slos).Target.TotalSeconds, 5);
            }, iter: 2000);
}
