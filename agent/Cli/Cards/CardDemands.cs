using System.Text.Json;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Policies.Tests;
using Headroom.Profiling;
using Headroom.Profiling.Cards;

namespace Headroom.Cli.Cards;

/// <summary>Profiles from their files, with what the command line says of them by name.</summary>
internal static class CardDemands
{
    private const long MiB = 1L << 20;
    private const long MaxFile = 16 * MiB;
    private const int MostProfiles = 64;

    /// <exception cref="CardUsageException">A file is no profile, or a name is not one of theirs.</exception>
    public static (IReadOnlyList<ProfileReport> Reports, IReadOnlyList<CardDemand> Demands) Of(CardRequest request)
    {
        if (request.Profiles.Count > MostProfiles)
            throw new CardUsageException($"{request.Profiles.Count} profiles are more than the {MostProfiles} that one plan can hold");
        var reports = request.Profiles.Select(Read).ToList();
        var demands = new List<CardDemand>();
        foreach (var report in reports)
            demands.Add(Guessed(DemandOf.Profile(report), demands));
        foreach (var (i, demand) in demands.Index())
            if (demands.Take(i).Index().Where(d => d.Item.Name == demand.Name || d.Item.Match.Value == demand.Match.Value).Select(d => (int?)d.Index).FirstOrDefault() is { } first)
                throw new CardUsageException($"{request.Profiles[first]} and {request.Profiles[i]} are both about {demand.Name} ({demand.Match.Key}: {demand.Match.Value}): give one of them");
        Each(request.Priorities, "--priority", demands, Scalars.Priority, (d, v) => d with { Priority = v });
        Each(request.Rates, "--rate", demands, Rate, (d, v) => d with { Rate = v });
        Each(request.Vram, "--vram", demands, Size, (d, v) => d with { GuaranteeBytes = v, CapBytes = v, Said = true });
        return (reports, demands);
    }

    /// <summary>A guess must not hide an entry that is none: the first that matches wins.</summary>
    private static CardDemand Guessed(CardDemand demand, IReadOnlyList<CardDemand> before)
    {
        var match = demand.Match.Value;
        for (var n = 2; demand.MatchGuessed && before.Any(d => d.Match.Value == match); n++)
            match = $"{demand.Match.Value}-{n}";
        return match == demand.Match.Value ? demand : demand with { Match = demand.Match with { Value = match } };
    }

    private static ProfileReport Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxFile)
                throw new CardUsageException($"{path}: larger than {MaxFile / MiB} MiB; that is no profile");
            return ProfileJson.Read(File.ReadAllText(path));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CardUsageException($"{path}: no such file; `headroom profile` makes profiles");
        }
        catch (JsonException e)
        {
            throw new CardUsageException($"{path}: not a profile of `headroom profile`: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CardUsageException($"{path}: cannot be read: {e.Message}");
        }
    }

    private static void Each<T>(IReadOnlyList<string> words, string option, List<CardDemand> demands, Func<string, Parsed<T>> parse, Func<CardDemand, T, CardDemand> with)
    {
        foreach (var word in words)
        {
            // A name may hold a "=", a value does not.
            var at = word.LastIndexOf('=');
            if (at <= 0)
                throw new CardUsageException($"{option}: {Wording.Quote(word)} is not NAME=VALUE");
            var name = word[..at];
            var found = demands.FindIndex(d => d.Name == name) is >= 0 and var exact ? exact : demands.FindIndex(d => d.IsCalled(name));
            if (found < 0)
                throw new CardUsageException($"{option}: no profile is of {Wording.Quote(name)}; {Wording.Instead(name, [.. demands.Select(d => d.Name)])}");
            if (!parse(word[(at + 1)..]).Ok(out var value))
                throw new CardUsageException($"{option} {word[..at]}: {parse(word[(at + 1)..]).Error}");
            demands[found] = with(demands[found], value);
        }
    }

    private static Parsed<double> Rate(string text)
    {
        var parsed = text.Contains('/', StringComparison.Ordinal) ? TestScalars.Rate(text) : Scalars.Number(text);
        return !parsed.Ok(out var rate) ? Parsed.Error<double>($"{Wording.Quote(text)} is not a rate; write 12 or 0.5, requests per second")
            : rate > 0 ? parsed : Parsed.Error<double>("a rate of 0 needs no plan; leave it out");
    }

    /// <summary>Whole MiB, as policies are read by people.</summary>
    private static Parsed<long> Size(string text)
    {
        var parsed = Scalars.Size(text);
        return !parsed.Ok(out var bytes) ? parsed : bytes >= MiB ? Parsed.Value((bytes + MiB - 1) / MiB * MiB) : Parsed.Error<long>($"{Wording.Quote(text)} is less than 1MiB; write 20GiB");
    }
}
