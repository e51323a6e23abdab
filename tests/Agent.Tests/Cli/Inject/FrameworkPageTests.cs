using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Headroom.Pages;
using Headroom.Testing;

namespace Headroom.Tests.Cli.Inject;

/// <summary>The Python of docs/caps.md, as it stands there, in a real Python with a torch that only tells numbers.</summary>
public sealed class FrameworkPageTests : IDisposable
{
    // Offsets of page.h.
    private const int Replica = 768, ReplicaBytes = 190016, Owners = 1088, Processes = 1600, ProcessBytes = 2944, Framework = 24;

    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-python-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_documented_snippet_finds_its_own_slot_and_writes_what_torch_tells_and_nothing_else()
    {
        var page = Path.Combine(_folder, "page");
        PageMaker.Create(page);
        using var python = Start($"{Snippet()}\ntell_headroom({Quoted(page)}, 0.01)\nimport sys\nsys.stdin.read()\n");
        try
        {
            // Another container, another process of this one, and this process in replica 3, slot 5.
            Write(page, Replica, 4711);
            Write(page, Replica + Owners, Token(python.Id));
            Write(page, Replica + 3 * ReplicaBytes + Owners, Token(Environment.ProcessId));
            Write(page, Replica + 3 * ReplicaBytes + Owners + 5 * 8, Token(python.Id));
            var before = File.ReadAllBytes(page);
            Write(page, Replica + 3 * ReplicaBytes, Life(python.Id));

            var at = Replica + 3 * ReplicaBytes + Processes + 5 * ProcessBytes + Framework;
            Eventually.True(() => Word(page, at + 5 * 8) != 0, TimeSpan.FromSeconds(30), "the stamp");

            Assert.Equal([3000ul, 5000, 700, 12, 2], Enumerable.Range(0, 5).Select(i => Word(page, at + i * 8)));
            Assert.InRange(Word(page, at + 5 * 8) / 1e9, UpTime() - 60, UpTime() + 1);
            var after = File.ReadAllBytes(page);
            after.AsSpan(at, 48).Clear();
            after.AsSpan(Replica + 3 * ReplicaBytes, 8).Clear();
            Assert.True(before.AsSpan().SequenceEqual(after), "something else was written");
        }
        finally
        {
            End(python);
        }
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("short")]
    [InlineData("version")]
    public void Without_a_page_of_this_version_it_ends_quietly(string kind)
    {
        var page = Path.Combine(_folder, "page");
        if (kind == "short")
            File.WriteAllText(page, "12345");
        if (kind == "version")
        {
            PageMaker.Create(page);
            Write(page, 8, 2 | (ulong)PageLayout.Bytes << 32);
        }
        using var python = Start($"{Snippet()}\ntell_headroom({Quoted(page)}, 0.01)\nimport threading\nfor t in threading.enumerate():\n    if t.name == 'headroom': t.join(20)\nprint('alive:', any(t.name == 'headroom' for t in threading.enumerate()))\n");

        Assert.Equal("alive: False", python.StandardOutput.ReadToEnd().Trim());
        Assert.Equal("", python.StandardError.ReadToEnd());
        End(python);
    }

    private Process Start(string program)
    {
        File.WriteAllText(Path.Combine(_folder, "torch.py"), """
            class cuda:
                is_initialized = staticmethod(lambda: True)
                device_count = staticmethod(lambda: 2)
                @staticmethod
                def memory_stats(device):
                    if device == 1: # never used: torch tells nothing
                        return {}
                    return {"allocated_bytes.all.current": 3000, "reserved_bytes.all.current": 5000, "inactive_split_bytes.all.current": 700,
                            "num_alloc_retries": 12, "num_ooms": 2, "other": 9}
            """);
        File.WriteAllText(Path.Combine(_folder, "program.py"), program);
        return Process.Start(new ProcessStartInfo("python3", [Path.Combine(_folder, "program.py")])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
    }

    private static void End(Process python)
    {
        python.StandardInput.Close();
        if (!python.WaitForExit(TimeSpan.FromSeconds(20)))
            python.Kill();
        python.WaitForExit();
    }

    private static string Snippet([CallerFilePath] string here = "")
    {
        var text = File.ReadAllText(Path.Combine(here.Split("/tests/")[0], "docs", "caps.md"));
        var start = text.IndexOf("```python\n", StringComparison.Ordinal) + "```python\n".Length;
        return text[start..text.IndexOf("```", start, StringComparison.Ordinal)];
    }

    private static string Quoted(string text) => $"'{text}'";

    private static ulong Token(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        var started = ulong.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19], CultureInfo.InvariantCulture);
        // The innermost pid, should the tests run in a container that sees several.
        var inside = File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("NSpid:", StringComparison.Ordinal)).Split('\t')[^1];
        return ulong.Parse(inside, CultureInfo.InvariantCulture) << 42 | started & ((1ul << 42) - 1);
    }

    // Seconds of CLOCK_BOOTTIME.
    private static double UpTime() => double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture);

    private static ulong Life(int pid) => PageLayout.Life(
        ulong.Parse(new FileInfo($"/proc/{pid}/ns/pid").LinkTarget!.Split('[', ']')[1], CultureInfo.InvariantCulture), Headroom.Interop.Linux.ProcessFacts.StartTimeOf(1)!.Value);

    private static ulong Word(string page, int at) => BitConverter.ToUInt64(File.ReadAllBytes(page), at);

    private static void Write(string page, int at, ulong word)
    {
        using var file = File.OpenHandle(page, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        RandomAccess.Write(file, BitConverter.GetBytes(word), at);
    }
}
