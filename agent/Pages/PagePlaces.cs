namespace Headroom.Pages;

/// <summary>Where pages and the library lie on the host, and where containers see them. One page a compose service; its replicas share it.</summary>
internal static class PagePlaces
{
    /// <summary>In the container: where the library looks unless HEADROOM_PAGE says otherwise.</summary>
    public const string PageInContainer = "/run/headroom/page";
    public const string LibraryInContainer = "/usr/local/lib/headroom/libheadroom.so";

    /// <summary><c>pages/PROJECT/SERVICE</c> in the state folder.</summary>
    /// <exception cref="ArgumentException">A name that is no compose name: it could lead elsewhere.</exception>
    public static string PageOf(string stateDirectory, string project, string service) =>
        Path.Combine(stateDirectory, "pages", Plain(project), Plain(service));

    public static string LibraryIn(string stateDirectory) => Path.Combine(stateDirectory, "lib", "libheadroom.so");

    /// <summary>Compose allows letters, digits, dot, underscore and dash.</summary>
    private static string Plain(string name) =>
        name.Length is > 0 and <= 128 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') && name.Any(c => c != '.')
            ? name
            : throw new ArgumentException($"'{name}' is no name of a compose project or service: letters, digits, '.', '_' and '-'");
}
