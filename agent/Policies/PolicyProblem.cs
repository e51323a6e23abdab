namespace Headroom.Policies;

/// <summary>One mistake in a policy: where, what, and what to write instead.</summary>
/// <param name="File">As the user named it.</param>
/// <param name="Line">From 1; 0 when it is about the file as a whole.</param>
/// <param name="Column">In characters, from 1.</param>
internal sealed record PolicyProblem(string File, int Line, int Column, string Message)
{
    public override string ToString() => Line > 0 ? $"{File}:{Line}:{Column}: {Message}" : $"{File}: {Message}";
}
