using Headroom.Model;
using Headroom.Policies;
using Headroom.Run;
using Headroom.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Run;

public sealed class PolicyStoreTests : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-policy-").FullName;
    private readonly string _file;
    private readonly FakeTimeProvider _time = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly PolicyStore _store;
    private readonly Task _run;

    public PolicyStoreTests()
    {
        _file = Path.Combine(_folder, "policy.yaml");
        Write("critical");
        _store = new PolicyStore(_file, PolicyLoader.Load(_file).Policy!, _time, NullLogger<PolicyStore>.Instance);
        _run = _store.RunAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run;
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_changed_file_is_taken_after_it_stood_still_for_one_look()
    {
        Write("batch");
        await PassAsync(() => _store.Current.Policy.Workloads[0].Priority == Priority.Batch);
        Assert.Equal((1L, 0L, 0), (_store.Current.Status.Reloads, _store.Current.Status.ReloadFailures, _store.Current.Status.Problems.Count));
        Assert.Equal(_store.Current.Policy.Hash, _store.Current.Status.Hash);
    }

    [Fact]
    public async Task An_editor_that_renames_a_new_file_over_the_old_is_noticed()
    {
        var aside = _file + ".tmp";
        File.WriteAllText(aside, Text("batch"));
        File.Move(aside, _file, overwrite: true);
        await PassAsync(() => _store.Current.Policy.Workloads[0].Priority == Priority.Batch);
    }

    [Fact]
    public async Task A_bad_policy_changes_nothing_and_says_what_is_wrong_and_the_mended_one_is_taken()
    {
        var before = _store.Current.Policy;
        Write("criticl");
        await PassAsync(() => _store.Current.Status.ReloadFailures == 1);
        Assert.Same(before, _store.Current.Policy);
        Assert.Equal(before.Hash, _store.Current.Status.Hash);
        Assert.Contains("did you mean critical?", Assert.Single(_store.Current.Status.Problems), StringComparison.Ordinal);

        for (var i = 0; i < 5; i++) // it is not tried again as long as it stays as it is
            _time.Advance(Look);
        Assert.Equal(1, _store.Current.Status.Reloads);

        Write("standard");
        await PassAsync(() => _store.Current.Policy.Workloads[0].Priority == Priority.Standard);
        Assert.Empty(_store.Current.Status.Problems);
    }

    [Fact]
    public async Task A_file_that_is_gone_for_good_leaves_the_last_policy_in_force()
    {
        var before = _store.Current.Policy;
        File.Delete(_file);
        await PassAsync(() => _store.Current.Status.ReloadFailures == 1);
        Assert.Same(before, _store.Current.Policy);
        Assert.Contains("no such file", Assert.Single(_store.Current.Status.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Asked_to_reload_it_does_so_at_once()
    {
        Write("batch");
        Assert.Empty(_store.Reload());
        Assert.Equal(Priority.Batch, _store.Current.Policy.Workloads[0].Priority);
        Write("criticl");
        Assert.Single(_store.Reload());
        Assert.Equal(Priority.Batch, _store.Current.Policy.Workloads[0].Priority);
    }

    private Task PassAsync(Func<bool> until) => Eventually.TrueAsync(() =>
    {
        if (until())
            return true;
        _time.Advance(Look);
        return false;
    });

    private void Write(string priority) => File.WriteAllText(_file, Text(priority));

    private static string Text(string priority) => $$"""
        apiVersion: headroom/v1
        workloads:
          - name: recommender
            match: { composeService: recommender }
            priority: {{priority}}
        """;
}
