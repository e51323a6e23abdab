using System.Diagnostics;
using System.Text;
using CsCheck;
using Headroom.Policies;

namespace Headroom.Tests.Policies.Yaml;

/// <summary>Whatever the bytes: a policy or problems with a place, soon, and never an exception.</summary>
public sealed class YamlFuzzTests
{
    /// <summary>What the parser itself finds hardest.</summary>
    private const string Odd = """
        apiVersion: headroom/v1
        workloads:
          - match:
              image: >-
                ghcr.io/acme/embed*
              label: |
                team=search
            name: "nightly\n\x41"
            metrics: { promql: { url: "http://prometheus:9090", p95: 'histogram_quantile(0.95, x{a="b"})' } }

        """;

    /// <summary>A whole policy, written as people do.</summary>
    private const string Usual = """
        apiVersion: headroom/v1
        mode: enforce                         # observe | recommend | enforce
        enforceUntil: 2027-01-31
        vram: { strategy: priority, reserve: 5GiB, gpus: [ { index: 1, reserve: 2GiB } ] }
        workloads:
          - name: recommender
            match: { composeService: recommender }
            slo: { p95: 80ms }
            vram: { guarantee: 20GiB, cap: 24GiB, weight: 2 }
            ports: [8501, "8502"]
          - name: nightly
            match: { container: nightly }
            share: { floor: 10% }
            window: { name: off-peak, outside: pause, start: oncePerWindow }
            group: { name: embedders, mode: scale, min: 1, max: 3, cooldown: 5m }
            restart: { allowed: true, maxPerDay: 2, drain: { http: "POST /drain", wait: 30s } }
        windows:
          off-peak: { days: "mon-wed,fri", from: "01:00", to: "07:00", timeZone: UTC, except: [2027-02-06..2027-02-12], closeAbovePressure: 60% }
          cron: { cron: "*/15 1-3 1 jan 1-5", duration: 6h }
        rules:
          latencyGuard: { every: 1s, enterAbove: 100%, leaveBelow: 70%, for: 3s }
          fragmentation: { above: 30%, when: idle }
          scale: off
        alerts: [ { name: vip-slow, hold: { group: embedders }, lease: 10m } ]
        limits: { maxHeld: 50%, breaker: { failures: 3, within: 10m } }
        notify: [ { name: ops, type: dingtalk, urlFile: /etc/ding.url, language: zh } ]
        presets:
          - { name: mine, paths: [/metrics], fields: { e2e: [ { histogram: my_seconds, where: { a: "0" } } ] } }

        """;

    private static readonly string[] Sharp =
    [
        ":", ": ", "- ", "? ", "[", "]", "{", "}", ",", "\"", "'", "|", ">", "|9", ">-2", "#", "&a", "*a", "!", "!!", "!<x>", "%", "%YAML 9.9\n", "%TAG ! x\n",
        "---\n", "...\n", "\n", "\r", "\r\n", "  ", "\t", "\\", "\\x", "\\u00", "\0", "\u0085", "\u2028", "\ufeff", "\ud83d\ude00", "<<: *a", "@", "`", "~", "0", "é",
    ];

    [Fact]
    public void Three_hundred_thousand_mutated_files_never_throw()
    {
        var edit = Gen.Select(Gen.Int[0, 10_000], Gen.Int[0, 12], Gen.OneOf(Sharp), Gen.Int[0, 3]);
        // Slices of a policy: a whole one would spend the time on what was not touched. Every fiftieth is whole.
        string[] lines = Usual.Split('\n');
        Gen.Select(Gen.Int[0, 49], Gen.Int[0, lines.Length - 1], Gen.Int[1, 8], edit.Array[1, 6]).Sample((kind, from, count, edits) =>
        {
            var seed = kind == 0 ? Usual : kind < 10 ? Odd : Slice(lines, from, count);
            var text = edits.Aggregate(seed, (before, e) => Mutate(before, e.Item1, e.Item2, e.Item3, e.Item4));
            Check(Encoding.UTF8.GetBytes(text));
        }, iter: 300_000);
    }

    [Fact]
    public void Random_bytes_and_random_syntax_never_throw()
    {
        Gen.Byte.Array[0, 200].Sample(Check, iter: 10_000);
        Gen.OneOf(Sharp).Array[0, 40].Sample(parts => Check(Encoding.UTF8.GetBytes(string.Concat(parts))), iter: 20_000);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{")]
    [InlineData("- ")]
    [InlineData("? ")]
    [InlineData("a: {")]
    [InlineData("- - ")]
    [InlineData("a: ")]
    [InlineData("- a\n")]
    [InlineData("a: b\n")]
    [InlineData("? a\n")]
    [InlineData("[a],")]
    [InlineData("{a: b},")]
    [InlineData("&a ")]
    [InlineData("*a ")]
    [InlineData("!")]
    [InlineData("%")]
    [InlineData("\"")]
    [InlineData("'")]
    [InlineData("\\")]
    [InlineData("|\n")]
    [InlineData(">\n ")]
    [InlineData("x")]
    [InlineData(" ")]
    [InlineData("\n")]
    [InlineData("\r")]
    [InlineData("#")]
    [InlineData("# \n")]
    [InlineData(":")]
    [InlineData(",")]
    [InlineData("---\n")]
    [InlineData("...\n")]
    [InlineData("\t")]
    [InlineData("\0")]
    [InlineData("\u2028")]
    public void The_same_again_up_to_the_limit_of_size_is_answered_soon(string part)
    {
        foreach (var start in (string[])["", "apiVersion: headroom/v1\n", "apiVersion: headroom/v1\nx: ", "a: \"", "[ "])
        {
            var size = PolicyFile.MaxBytes - start.Length;
            var repeated = start + string.Concat(Enumerable.Repeat(part, size / Encoding.UTF8.GetByteCount(part)));
            Soon(Encoding.UTF8.GetBytes(repeated), $"{part} after {start}");
        }
    }

    [Fact]
    public void Known_attacks_are_answered_soon()
    {
        var laughs = "a0: &a0 [lol]\n" + string.Concat(Enumerable.Range(1, 40).Select(i =>
            $"a{i}: &a{i} [{string.Join(",", Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));
        Soon(Encoding.UTF8.GetBytes(laughs), "alias bomb");
        Soon(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 100_000).Select(i => $"k{i}: 1\n"))), "many keys");
        Soon(Encoding.UTF8.GetBytes("apiVersion: headroom/v1\nworkloads:\n" + string.Concat(Enumerable.Range(0, 25_000).Select(i => $"- {{ name: n{i}, match: {{}} }}\n"))), "many mistakes");
        Soon(Encoding.UTF8.GetBytes("apiVersion: headroom/v1\nwindows:\n" + string.Concat(Enumerable.Range(0, 4_500).Select(i => $"  w{i}: {{ timeZone: Asia/Shang{i} }}\n"))), "many wrong time zones");
        Soon(Encoding.UTF8.GetBytes("apiVersion: headroom/v1\nworkloads:\n" + string.Concat(Enumerable.Range(0, 1_500).Select(i => $"- {{ name: n{i}, match: {{ container: c{i} }}, group: {{ name: g{i} }}, window: {{ name: x{i} }} }}\n"))), "many wrong names");
        Soon(Encoding.UTF8.GetBytes("x: " + string.Concat(Enumerable.Repeat("{a: ", 100_000))), "deep");
        Soon(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 1000).Select(i => new string(' ', i) + "a:\n"))), "deep by indentation");
        Soon(new byte[2 << 20], "2 MiB");
        Soon(Encoding.UTF8.GetBytes(new string('a', 1 << 19) + ": " + new string('b', 1 << 18)), "long words");
        var binary = new byte[1 << 20];
        new Random(1).NextBytes(binary);
        Soon(binary, "binary");
    }

    /// <summary>Some lines below the key of the root that they belong to.</summary>
    private static string Slice(string[] lines, int from, int count)
    {
        var root = from;
        while (lines[root].StartsWith(' '))
            root--;
        return string.Join('\n', (string[])["apiVersion: headroom/v1", .. root < from ? [lines[root]] : Array.Empty<string>(), .. lines.Skip(from).Take(count)]);
    }

    private static string Mutate(string text, int at, int length, string sharp, int how)
    {
        at %= text.Length + 1;
        length = Math.Min(length, text.Length - at);
        return how switch
        {
            0 => text.Insert(at, sharp),
            1 => text.Remove(at, length),
            2 => text.Remove(at, length).Insert(at, sharp),
            _ => text.Insert(at, string.Concat(text.AsSpan(at, length), text.AsSpan(at, length))),
        };
    }

    private static void Check(byte[] bytes)
    {
        var result = PolicyReader.Read([new("p.yaml", bytes)], []);
        Assert.True(result.Policy is null == result.Problems.Count > 0);
        Assert.All(result.Problems, problem => Assert.True(problem is { Line: > 0, Column: > 0, Message.Length: > 0 }));
    }

    /// <summary>100 ms is the aim; ten times that is allowed, as the machine may be busy: what explodes takes minutes.</summary>
    private static void Soon(byte[] bytes, string what)
    {
        var watch = Stopwatch.StartNew();
        Check(bytes);
        Assert.True(watch.ElapsedMilliseconds < 1_000, $"{what}: {watch.ElapsedMilliseconds} ms");
        if (Environment.GetEnvironmentVariable("SHOW_TIMES") == "1" && watch.ElapsedMilliseconds > 50)
            Console.Error.WriteLine($"TIME {watch.ElapsedMilliseconds} ms: {what.Replace("\n", "\\n", StringComparison.Ordinal)}");
    }
}
