using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Headroom.Act.Caps;
using Headroom.Model;

namespace Headroom.Tests.Act.Caps;

public sealed class HamiRegionTests : IDisposable
{
    private const long GiB = 1L << 30;
    private const string First = "GPU-aaaaaaaa-1", Second = "GPU-bbbbbbbb-2";

    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-hami-").FullName;
    private readonly HamiRegion _hami = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Region => $"{_folder}/cudevshr.cache";

    private CapTarget Target(string uuid = Second, string variable = "/vgpu/cudevshr.cache", string mount = "/vgpu", string? source = null, string visible = "", ContainerState state = ContainerState.Running) =>
        CapTargets.Of(
            uuid, state: state,
            environment: new() { ["CUDA_DEVICE_MEMORY_SHARED_CACHE"] = variable, ["CUDA_VISIBLE_DEVICES"] = visible },
            binds: new() { [mount] = source ?? _folder });

    /// <summary>Every byte that has no meaning here is noise; offsets of the documented layout, written down once more.</summary>
    private static byte[] Image(int minor = 2, long limit0 = 10 * GiB, long limit1 = 20 * GiB, long[]? used1 = null, int shift = 0)
    {
        var image = new byte[2_008_953];
        for (var i = 0; i < image.Length; i++)
            image[i] = (byte)((i * 31) % 251);
        Int(0, 19920718);
        Int(4, 1);
        Int(8, minor);
        Long(56, 2);
        image.AsSpan(64, 16 * 96).Clear();
        Encoding.ASCII.GetBytes(First, image.AsSpan(64));
        Encoding.ASCII.GetBytes(Second, image.AsSpan(64 + 96));
        Long(1600, limit0);
        Long(1608, limit1);
        used1 ??= [3 * GiB];
        for (var i = 0; i < used1.Length; i++)
        {
            image.AsSpan(1856 + (i * 1960), 1960).Clear();
            Int(1856 + (i * 1960), 100 + i);
            Long(1856 + (i * 1960) + 8 + shift + 64 + 32, used1[i]);
        }
        Int(2_008_896, used1.Length);
        return image;

        void Int(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(at), value);
        void Long(int at, long value) => BinaryPrimitives.WriteInt64LittleEndian(image.AsSpan(at), value);
    }

    private void Write(byte[] image) => File.WriteAllBytes(Region, image);

    [Fact]
    public void A_limit_is_read_and_written_in_its_place_and_no_other_byte_changes()
    {
        var before = Image();
        Write(before);
        Assert.Null(_hami.WhyNot(Target()));
        Assert.Equal(20 * GiB, _hami.Read(Target()).Bytes);
        Assert.Equal(10 * GiB, _hami.Read(Target(First)).Bytes);

        Assert.Equal(new CapAnswer(CapResult.Done, "HAMi-core's region says: 7 GiB"), _hami.Set(Target(), 7 * GiB));
        Assert.Equal(7 * GiB, _hami.Read(Target()).Bytes);
        var after = File.ReadAllBytes(Region);
        BinaryPrimitives.WriteInt64LittleEndian(before.AsSpan(1608), 7 * GiB);
        Assert.True(before.AsSpan().SequenceEqual(after));

        Assert.Equal(CapResult.Done, _hami.Set(Target(), 20 * GiB).Result);
        Assert.True(Image().AsSpan().SequenceEqual(File.ReadAllBytes(Region)));
    }

    [Fact]
    public void Zero_is_no_limit()
    {
        Write(Image(limit1: 0));
        Assert.Equal(default, _hami.Read(Target()));
        Assert.Equal(CapResult.Done, _hami.Set(Target(), 7 * GiB).Result);
        Assert.Equal(CapResult.Done, _hami.Set(Target(), null).Result);
        Assert.True(Image(limit1: 0).AsSpan().SequenceEqual(File.ReadAllBytes(Region)));
    }

    [Fact]
    public void No_cap_goes_below_what_is_held_and_a_margin_but_up_it_always_goes()
    {
        Write(Image(used1: [3 * GiB, 2 * GiB]));
        var answer = _hami.Set(Target(), 5 * GiB);
        Assert.Equal(CapResult.Failed, answer.Result);
        Assert.Contains("counts 5 GiB", answer.Evidence, StringComparison.Ordinal);
        Assert.Contains("5.25 GiB", answer.Evidence, StringComparison.Ordinal);
        Assert.Equal(20 * GiB, _hami.Read(Target()).Bytes);
        Assert.Equal(CapResult.Done, _hami.Set(Target(), (5 * GiB) + HamiRegion.Margin).Result);

        Write(Image(limit1: 2 * GiB, used1: [5 * GiB]));
        Assert.Equal(CapResult.Done, _hami.Set(Target(), 3 * GiB).Result);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)] // the seqlock of March 2026 before it
    public void Both_versions_1_1_of_this_length_count_what_is_held(int shift)
    {
        Write(Image(minor: 1, used1: [3 * GiB], shift: shift));
        Assert.Null(_hami.WhyNot(Target()));
        Assert.Equal(CapResult.Failed, _hami.Set(Target(), 3 * GiB).Result);
        Assert.Equal(CapResult.Done, _hami.Set(Target(), 4 * GiB).Result);
    }

    [Theory]
    [InlineData("length", "2008984 bytes")]
    [InlineData("short", "1197896 bytes")]
    [InlineData("empty", "0 bytes")]
    [InlineData("magic", "begins with 7")]
    [InlineData("minor", "1.3")]
    [InlineData("major", "2.2")]
    public void What_is_not_known_is_left_alone_to_the_byte(string what, string words)
    {
        var image = Image();
        var at = what switch { "magic" => 0, "major" => 4, "minor" => 8, _ => -1 };
        if (at >= 0)
            BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(at), what switch { "magic" => 7, "major" => 2, _ => 3 });
        Array.Resize(ref image, what switch { "length" => 2_008_984, "short" => 1_197_896, "empty" => 0, _ => image.Length });
        Write(image);
        Assert.Contains(words, _hami.WhyNot(Target()), StringComparison.Ordinal);
        Assert.Contains("left alone", _hami.Set(Target(), 7 * GiB).Evidence, StringComparison.Ordinal);
        Assert.NotNull(_hami.Read(Target()).Problem);
        Assert.True(image.AsSpan().SequenceEqual(File.ReadAllBytes(Region)));
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(1 << 30, 1)]
    [InlineData(1, -5 * GiB)]
    [InlineData(1, 2L << 40)]
    public void Numbers_that_cannot_be_are_not_built_upon(int processes, long used)
    {
        var image = Image(used1: [used]);
        BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(2_008_896), processes);
        Write(image);
        Assert.Contains("damaged", _hami.WhyNot(Target()), StringComparison.Ordinal);
        Assert.Equal(CapResult.Failed, _hami.Set(Target(), 7 * GiB).Result);
        Assert.True(image.AsSpan().SequenceEqual(File.ReadAllBytes(Region)));
        Assert.Equal(CapResult.Done, _hami.Set(Target(), 21 * GiB).Result);
    }

    [Fact]
    public void A_region_that_nobody_uses_or_that_does_not_name_the_card_enforces_nothing()
    {
        Write(Image(used1: []));
        Assert.Contains("no process", _hami.WhyNot(Target()), StringComparison.Ordinal);
        Write(Image());
        Assert.Contains("does not name", _hami.WhyNot(Target("GPU-aaaaaaaa")), StringComparison.Ordinal);
        Assert.Equal(CapResult.Failed, _hami.Set(Target("GPU-aaaaaaaa"), 7 * GiB).Result);
        Assert.Contains("CUDA_VISIBLE_DEVICES", _hami.WhyNot(Target(visible: "1,0")), StringComparison.Ordinal);
    }

    [Fact]
    public void Links_lead_nowhere()
    {
        Directory.CreateDirectory($"{_folder}/own");
        Write(Image());
        File.CreateSymbolicLink($"{_folder}/own/cudevshr.cache", Region);
        Directory.CreateSymbolicLink($"{_folder}/own/up", _folder);
        Assert.Contains("not a plain file", _hami.WhyNot(Target(source: $"{_folder}/own")), StringComparison.Ordinal);
        Assert.Contains("a link", _hami.WhyNot(Target(source: $"{_folder}/own", variable: "/vgpu/up/cudevshr.cache")), StringComparison.Ordinal);
        Assert.NotNull(_hami.WhyNot(Target(source: $"{_folder}/own", variable: "/vgpu/../cudevshr.cache")));
        Assert.Equal(CapResult.Failed, _hami.Set(Target(source: $"{_folder}/own"), 7 * GiB).Result);
        Assert.True(Image().AsSpan().SequenceEqual(File.ReadAllBytes(Region)));
        // The folder that the operator mounted may itself lie behind a link.
        Directory.CreateSymbolicLink($"{_folder}/door", _folder);
        Assert.Null(_hami.WhyNot(Target(source: $"{_folder}/door")));
    }

    [Fact]
    public void A_pipe_or_a_folder_in_its_place_is_not_opened()
    {
        using (var made = Process.Start("mkfifo", Region))
            made.WaitForExit();
        Assert.Contains("not a plain file", _hami.WhyNot(Target()), StringComparison.Ordinal);
        Assert.Equal(CapResult.Failed, _hami.Set(Target(), 7 * GiB).Result);
        File.Delete(Region);
        Directory.CreateDirectory(Region);
        Assert.Contains("not a plain file", _hami.WhyNot(Target()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_region_that_is_cut_while_open_is_not_written()
    {
        Write(Image());
        using var file = HamiFile.Open(Target().Container, out var why, out _);
        Assert.Null(why);
        File.WriteAllBytes(Region, new byte[100]);
        Assert.Null(file!.Limit(1));
        Assert.Null(file.Used(1, out _));
        Assert.False(file.SetLimit(1, 7));
        Assert.Equal(new byte[100], File.ReadAllBytes(Region));
    }

    [Fact]
    public void It_is_found_by_what_Docker_mounted_only()
    {
        Write(Image());
        Assert.Contains("mount one there", _hami.WhyNot(CapTargets.Of(Second)), StringComparison.Ordinal);
        Assert.Null(_hami.WhyNot(CapTargets.Of(Second, binds: new() { ["/tmp"] = _folder })));
        Assert.Null(_hami.WhyNot(CapTargets.Of(Second, binds: new() { ["/tmp"] = "/nowhere", ["/tmp/cudevshr.cache"] = Region })));
        Assert.NotNull(_hami.WhyNot(CapTargets.Of(Second, binds: new() { ["/tm"] = _folder })));
        Assert.Contains("absolute", _hami.WhyNot(Target(variable: "cudevshr.cache")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_region_or_container_that_is_gone_is_told_as_gone()
    {
        Assert.Equal(CapResult.Gone, _hami.Set(Target(), 7 * GiB).Result);
        Write(Image());
        Assert.Equal(CapResult.Gone, _hami.Set(Target(state: ContainerState.Exited), 7 * GiB).Result);
    }
}
