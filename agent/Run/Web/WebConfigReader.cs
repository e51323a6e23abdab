using System.Security.Cryptography;
using Headroom.Export.Api.Web;
using Headroom.Policies;
using Headroom.Policies.Yaml;

namespace Headroom.Run.Web;

/// <summary>A web configuration, or all that is wrong with it; never both.</summary>
internal sealed record WebConfigResult(WebConfig? Config, IReadOnlyList<PolicyProblem> Problems);

/// <summary>Reads exporter-toolkit's web configuration file, whole or not at all; its certificates must be readable too.</summary>
internal static class WebConfigReader
{
    public static WebConfigResult Load(string path)
    {
        var (file, unreadable) = PolicyLoader.ReadFile(path);
        if (file is null)
            return new(null, [unreadable!]);
        var problems = new Problems();
        WebConfig? config = null;
        var root = YamlReader.Read(file, problems);
        if (root is not null)
            WebConfigTable.Root(Path.GetDirectoryName(Path.GetFullPath(path))!).TryBind(root, "the file", problems, out config);
        if (problems.Count > 0)
            return new(null, problems.ToList());
        try
        {
            if (config!.Tls is { } tls)
                ServerTls.Check(tls);
            return new(config, []);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or InvalidDataException)
        {
            var section = ((YamlMapping)root!).Find("tls_server_config")!.Key.At;
            return new(null, [new(path, section.Line, section.Column, $"the certificate or its key cannot be read: {e.Message}")]);
        }
    }
}
