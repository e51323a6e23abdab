namespace Headroom.Cli.Doctor;

internal enum RequirementVerdict
{
    /// <summary>By its own CUDA version, or nothing in it can be judged.</summary>
    Met,
    /// <summary>Only by an alternative that names driver branches: the image relies on its forward compatibility package (data-centre cards only).</summary>
    MetByDriverBranch,
    NotMet,
}

/// <summary><c>NVIDIA_REQUIRE_CUDA</c> of an image, e.g. <c>cuda&gt;=12.4 brand=tesla,driver&gt;=470,driver&lt;471</c>: alternatives apart by spaces,
/// terms that must all hold by commas. The NVIDIA runtime starts no container whose requirement is not met.</summary>
/// <remarks>Terms other than <c>cuda</c> and <c>driver</c> (brand, arch) are not judged: they never make a requirement fail here.</remarks>
internal sealed record CudaRequirement(string Text, IReadOnlyList<IReadOnlyList<CudaTerm>> Alternatives)
{
    public static CudaRequirement Parse(string text) => new(
        text.Trim(),
        [
            .. text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
                .Select(alternative => alternative.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(CudaTerm.Parse).OfType<CudaTerm>().ToList()),
        ]);

    /// <param name="cuda">The newest CUDA that the driver runs; null when unknown, and then its terms are not judged.</param>
    public RequirementVerdict Judge(DottedVersion? cuda, DottedVersion? driver)
    {
        var met = Alternatives.Where(alternative => alternative.All(term => term.Holds(cuda, driver) != false)).ToList();
        if (Alternatives.Count == 0 || met.Exists(alternative => !alternative.Any(term => term.Property == CudaTerm.Driver)))
            return RequirementVerdict.Met;
        return met.Count > 0 ? RequirementVerdict.MetByDriverBranch : RequirementVerdict.NotMet;
    }

    /// <summary>What of CUDA it wants, e.g. <c>cuda&gt;=12.4</c>: the rest is for a person too long to read.</summary>
    public string Wanted() =>
        Alternatives.SelectMany(alternative => alternative).FirstOrDefault(term => term.Property == CudaTerm.Cuda)?.ToString() ?? Text;

    /// <summary>The lowest CUDA version that would do; null when it names none.</summary>
    public DottedVersion? Least() =>
        Alternatives.SelectMany(alternative => alternative).Where(term => term is { Property: CudaTerm.Cuda, Operator: ">=" or ">" or "=" or "==" })
            .Select(term => term.Version).Min();
}

/// <param name="Property"><c>cuda</c> or <c>driver</c>; others are not judged.</param>
internal sealed record CudaTerm(string Property, string Operator, DottedVersion? Version)
{
    public const string Cuda = "cuda";
    public const string Driver = "driver";

    // The longer first: ">=" begins with ">".
    private static readonly string[] Operators = [">=", "<=", "!=", "==", ">", "<", "="];

    /// <summary>Null for a term without an operator.</summary>
    public static CudaTerm? Parse(string text)
    {
        foreach (var sign in Operators)
            if (text.IndexOf(sign, StringComparison.Ordinal) is > 0 and var at && text.IndexOfAny(['<', '>', '=', '!']) == at)
                return new CudaTerm(text[..at], sign, DottedVersion.Parse(text[(at + sign.Length)..]));
        return null;
    }

    /// <summary>Null when it cannot be judged.</summary>
    public bool? Holds(DottedVersion? cuda, DottedVersion? driver)
    {
        var ours = Property switch { Cuda => cuda, Driver => driver, _ => null };
        if (ours is null || Version is null)
            return null;
        var order = ours.CompareTo(Version);
        return Operator switch
        {
            ">=" => order >= 0,
            "<=" => order <= 0,
            ">" => order > 0,
            "<" => order < 0,
            "!=" => order != 0,
            _ => order == 0,
        };
    }

    public override string ToString() => $"{Property}{Operator}{Version}";
}
