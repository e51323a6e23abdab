namespace Headroom.Model;

/// <summary>One kind of reason.</summary>
/// <param name="Code">e.g. <c>HR1101</c>: searchable in every language, never given to another reason.</param>
/// <param name="English">With <c>{name}</c> where a value goes.</param>
internal sealed record ReasonCode(string Code, string English, string Chinese)
{
    public Reason With(params ReadOnlySpan<(string Name, ReasonValue Value)> values) => new(Code, new ReasonValues(values));
}
