using Headroom.Cli.Status;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Profiling;
using Headroom.Profiling.Cards;

namespace Headroom.Cli.Cards;

/// <param name="Source">Where they come from, as a sentence.</param>
/// <param name="Notes">What to know of them.</param>
internal sealed record FoundCards(IReadOnlyList<PlanCard> Cards, string Source, IReadOnlyList<string> Notes);

/// <summary>The cards to plan for: as said, else of the running agent, else those that the profiles were measured on.</summary>
internal static class CardPlaces
{
    private const long MiB = 1L << 20;
    private const long GiB = 1L << 30;
    private const long MaxCard = 1L << 40;
    private const int LastIndex = 255;
    private const int MostCards = 16;

    /// <exception cref="CardUsageException">None, or wrongly said.</exception>
    public static async Task<FoundCards> FindAsync(
        CardRequest request, IReadOnlyList<ProfileReport> reports, IReadOnlyList<CardDemand> demands, TextWriter talk, TimeProvider time, CancellationToken stop)
    {
        var found = request.Cards.Count > 0 ? Said(request.Cards) : await OfAgentAsync(request, demands, talk, time, stop) ?? OfProfiles(reports);
        if (found.Cards.Count > MostCards)
            throw new CardUsageException($"{found.Cards.Count} cards are more than the {MostCards} of one machine that a plan can hold");
        return found with { Cards = Reserved(found.Cards, request.Reserves) };
    }

    private static FoundCards Said(IReadOnlyList<string> words)
    {
        var cards = new List<PlanCard>();
        foreach (var word in words)
        {
            var (index, text) = Indexed(word, "--card") ?? (Enumerable.Range(0, LastIndex).First(i => cards.TrueForAll(c => c.Index != i)), word);
            if (!Scalars.Size(text).Ok(out var bytes))
                throw new CardUsageException($"--card: {Scalars.Size(text).Error}");
            if (bytes < GiB)
                throw new CardUsageException($"--card: {Wording.Quote(text)} is no card; write 40GiB, or what `nvidia-smi` shows: 40536MiB");
            if (cards.Any(c => c.Index == index))
                throw new CardUsageException($"--card: GPU {index} is named twice");
            cards.Add(new PlanCard(index, null, bytes, PlanCard.DefaultReserve(bytes)));
        }
        cards.Sort((a, b) => a.Index.CompareTo(b.Index));
        return new FoundCards(cards, "as said with --card", []);
    }

    private static async Task<FoundCards?> OfAgentAsync(CardRequest request, IReadOnlyList<CardDemand> demands, TextWriter talk, TimeProvider time, CancellationToken stop)
    {
        var reply = await RunningAgentState.TryAsync(request.Sockets, "plan card", time, stop);
        // That none runs here is no trouble: the profiles know cards too.
        foreach (var words in reply.IsThere && reply.Json is null ? reply.Words : [])
            await talk.WriteLineAsync($"headroom: {words}");
        if (reply.Json is not { } json || await RunningAgentState.ReadAsync(json, talk) is not { } view)
            return null;
        var (cards, notes) = (new List<PlanCard>(), new List<string>());
        foreach (var gpu in view.Snapshot.Gpus)
        {
            if (gpu.Identity.MigEnabled)
                notes.Add($"GPU {gpu.Index} is split by MIG and left out: its instances are the limits");
            else if (gpu.Health != GpuHealth.Ok || gpu.Memory.Known() is not { TotalBytes: > 0 } memory)
                notes.Add($"GPU {gpu.Index} does not answer ({gpu.Health.Word()}) and is left out");
            else
                cards.Add(new PlanCard(gpu.Index, gpu.Identity.Name, memory.TotalBytes, PlanCard.DefaultReserve(memory.TotalBytes), memory.ReservedBytes, Others(view.Snapshot, gpu.Index, demands, notes)));
        }
        if (cards.Count == 0)
            throw new CardUsageException($"the running agent has no GPU to plan for{(notes.Count > 0 ? $" ({string.Join("; ", notes)})" : "")}; say which with --card 40GiB");
        return new FoundCards(cards, view.Self.Simulated ? "those of the running agent, which is a simulated one" : $"those of the running agent on {view.Snapshot.Node}", notes);
    }

    /// <summary>Memory that is held there by what has no profile here.</summary>
    private static long Others(NodeSnapshot snapshot, int gpu, IReadOnlyList<CardDemand> demands, List<string> notes)
    {
        if (snapshot.Attribution.FirstOrDefault(a => a.Gpu == gpu) is not { } attribution)
            return 0;
        var others = attribution.Shares.Where(s => s.UsedBytes > 0 && snapshot.Workloads.FirstOrDefault(w => w.Container.Id.InstanceId == s.InstanceId)?.Container is var container
            && !demands.Any(d => d.Match.Key == "container" ? container?.ContainerName == d.Match.Value : container?.ComposeService == d.Match.Value)).ToList();
        var bytes = others.Sum(s => s.UsedBytes) + attribution.UnattributedBytes;
        if (bytes > 0)
            notes.Add($"GPU {gpu}: {Amount.Of(bytes)} are held by {(others.Count > 0 ? string.Join(", ", others.Select(o => o.Workload)) : "processes outside of containers")}, without a profile here, and are taken as gone");
        return bytes;
    }

    private static FoundCards OfProfiles(IReadOnlyList<ProfileReport> reports)
    {
        var seen = reports.SelectMany(r => r.Vram).Where(v => v.CardBytes is >= GiB and <= MaxCard).DistinctBy(v => v.Uuid).OrderBy(v => v.Gpu).ThenBy(v => v.Uuid, StringComparer.Ordinal).ToList();
        if (seen.Count == 0)
            throw new CardUsageException("which cards? No agent answers, and no profile names one: say --card 40GiB, once for each");
        // Cards of several machines may have the same index.
        var distinct = seen.Select(v => v.Gpu).Distinct().Count() == seen.Count && seen.TrueForAll(v => v.Gpu is >= 0 and <= LastIndex);
        return new FoundCards(
            [.. seen.Select((v, i) => new PlanCard(distinct ? v.Gpu : i, v.Name, v.CardBytes / MiB * MiB, PlanCard.DefaultReserve(v.CardBytes)))],
            "those that the profiles were measured on, as no agent answers and no --card is given",
            distinct ? [] : ["the profiles name several cards by the same index, so they are of several machines: the numbers here are new, put the right ones into the policy"]);
    }

    private static List<PlanCard> Reserved(IReadOnlyList<PlanCard> cards, IReadOnlyList<string> words)
    {
        var all = cards.ToList();
        foreach (var (word, one) in words.Select(word => (word, Indexed(word, "--reserve"))).OrderBy(w => w.Item2 is not null))
        {
            if (!Scalars.Size(one?.Text ?? word).Ok(out var bytes) || bytes is > 0 and < MiB)
                throw new CardUsageException($"--reserve: {Scalars.Size(one?.Text ?? word).Error ?? $"{Wording.Quote(word)} is less than 1MiB; write 5GiB"}");
            if (one is { Index: var wanted } && all.TrueForAll(c => c.Index != wanted))
                throw new CardUsageException($"--reserve: there is no GPU {wanted}; there are {string.Join(", ", all.Select(c => c.Index))}");
            all = [.. all.Select(c => one is null || c.Index == one.Value.Index ? c with { ReserveBytes = bytes } : c)];
        }
        return all;
    }

    private static (int Index, string Text)? Indexed(string word, string option)
    {
        var at = word.IndexOf('=', StringComparison.Ordinal);
        if (at < 0)
            return null;
        return Scalars.Whole(word[..at]).Ok(out var index) && index <= LastIndex
            ? (index, word[(at + 1)..])
            : throw new CardUsageException($"{option}: {Wording.Quote(word[..at])} is no GPU's index; write {option} 1=40GiB");
    }
}
