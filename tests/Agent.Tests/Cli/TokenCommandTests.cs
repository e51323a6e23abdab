using Headroom.Cli;
using Headroom.Export.Api.Tokens;
using Headroom.Run;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Cli;

public sealed class TokenCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-token-").FullName;
    private readonly FakeTimeProvider _time = new(Views.Nine);
    private readonly StringWriter _output = new();
    private readonly StringWriter _talk = new();

    private string Tokens => TokenFile.In(Path.Combine(_folder, "state"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_new_token_is_printed_once_and_only_its_hash_is_kept_for_the_owner()
    {
        Assert.Equal(ExitCode.Ok, TokenCommand.Make(Tokens, "alertmanager", TokenScope.Alerts, _time, _output, _talk));

        var token = _output.ToString().Trim();
        Assert.Matches("^hr_[A-Za-z0-9_-]{43}$", token);
        Assert.DoesNotContain(token, File.ReadAllText(Tokens), StringComparison.Ordinal);
        Assert.DoesNotContain(token, _talk.ToString(), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Tokens));
        var gate = Gate();
        Assert.Equal(Entry.Allowed, gate.Judge($"Bearer {token}", TokenScope.Alerts, out var name));
        Assert.Equal("alertmanager", name);
        Assert.Equal(Entry.Forbidden, gate.Judge($"bearer {token}", TokenScope.Control, out _));
        Assert.Equal(Entry.Unknown, gate.Judge(token, TokenScope.Alerts, out _));
        Assert.Equal(Entry.Unknown, gate.Judge(null, TokenScope.Alerts, out _));
    }

    [Fact]
    public void A_running_agent_notices_new_and_revoked_tokens()
    {
        var gate = Gate();
        Assert.Equal(Entry.Unknown, gate.Judge("Bearer hr_x", TokenScope.Alerts, out _));
        TokenCommand.Make(Tokens, "ops", TokenScope.Control, _time, _output, _talk);
        var header = $"Bearer {_output.ToString().Trim()}";

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Entry.Allowed, gate.Judge(header, TokenScope.Control, out _));

        Assert.Equal(ExitCode.Ok, TokenCommand.TakeBack(Tokens, "ops", _talk));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Entry.Unknown, gate.Judge(header, TokenScope.Control, out _));
    }

    [Fact]
    public void A_name_is_given_once_and_is_one_word()
    {
        Assert.Equal(ExitCode.Ok, TokenCommand.Make(Tokens, "ops", TokenScope.Control, _time, _output, _talk));
        var file = File.ReadAllText(Tokens);

        Assert.Equal(ExitCode.Failed, TokenCommand.Make(Tokens, "ops", TokenScope.Control, _time, _output, _talk));
        Assert.Equal(ExitCode.Usage, TokenCommand.Make(Tokens, "a b\n", TokenScope.Control, _time, _output, _talk));
        Assert.Equal(ExitCode.Failed, TokenCommand.TakeBack(Tokens, "nobody", _talk));

        Assert.Equal(file, File.ReadAllText(Tokens));
    }

    [Fact]
    public void The_list_tells_no_secret()
    {
        TokenCommand.Make(Tokens, "ops", TokenScope.Control, _time, TextWriter.Null, _talk);
        TokenCommand.Make(Tokens, "alertmanager", TokenScope.Alerts, _time, TextWriter.Null, _talk);

        Assert.Equal(ExitCode.Ok, TokenCommand.Show(Tokens, _output, _talk));

        Assert.Equal("ops           control  2026-03-02 09:00Z\nalertmanager  alerts   2026-03-02 09:00Z\n", _output.ToString());
    }

    [Fact]
    public void A_line_that_is_none_lets_nobody_in_and_spoils_no_other()
    {
        TokenCommand.Make(Tokens, "ops", TokenScope.Control, _time, _output, _talk);
        File.AppendAllText(Tokens, "ops2 control now 00\nhalf a li");

        Assert.Equal(Entry.Allowed, Gate().Judge($"Bearer {_output.ToString().Trim()}", TokenScope.Control, out _));
        TokenCommand.Show(Tokens, TextWriter.Null, _talk);
        Assert.Contains("tokens:3:", _talk.ToString(), StringComparison.Ordinal);
        Assert.Contains("tokens:4:", _talk.ToString(), StringComparison.Ordinal);
    }

    private TokenGate Gate() => new(Tokens, _time, NullLogger<TokenGate>.Instance);
}
