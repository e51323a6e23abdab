using Headroom.Model;
using Headroom.Profiling;

namespace Headroom.Cli.Profiles;

/// <summary>What <c>headroom profile</c> was asked for.</summary>
/// <param name="Request">File or preset.</param>
/// <param name="Path">Instead of the request's own; null: that.</param>
/// <param name="Name">Instead of the one found; null: that.</param>
/// <param name="Beside">Another server to be measured with it; null: none.</param>
/// <param name="Folder">Where the files go.</param>
/// <param name="Nvml">A library instead of the driver's; null: the driver's.</param>
internal sealed record ProfileRequest(
    string Server, string Request, string? Path, int? Port, string? Name, bool AllowRemote, string? Beside, string? BesideRequest, string Folder, bool Force, bool Json,
    Uri Docker, string? Nvml, Language Language, ProfileSettings Settings);
