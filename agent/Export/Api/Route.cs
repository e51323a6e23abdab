using Headroom.Export.Api.Tokens;

namespace Headroom.Export.Api;

/// <summary>One thing that is answered.</summary>
/// <param name="By">Listeners that answer it.</param>
/// <param name="Needs">Scope of the token that the TCP listeners ask for; null: none, not even there.</param>
/// <param name="Answer">With the name of the token, empty without.</param>
internal sealed record Route(string Method, string Path, Listener By, TokenScope? Needs, Func<HttpContext, string, Task> Answer);
