using System.Text.Json;
using System.Text.Json.Serialization;

namespace Headroom.Profiling;

/// <summary>Profiles as files.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true,
    RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ProfileReport))]
internal sealed partial class ProfileJson : JsonSerializerContext
{
    /// <exception cref="JsonException">Not a profile; says what is missing.</exception>
    public static ProfileReport Read(string text)
    {
        var report = JsonSerializer.Deserialize(text, Default.ProfileReport) ?? throw new JsonException("it is empty");
        return report.Format == Profiling.ProfileReport.CurrentFormat
            ? report
            : throw new JsonException($"its format is \"{report.Format}\", not \"{Profiling.ProfileReport.CurrentFormat}\": measured by another version of headroom?");
    }

    public static string Write(ProfileReport report) => JsonSerializer.Serialize(report, Default.ProfileReport);
}
