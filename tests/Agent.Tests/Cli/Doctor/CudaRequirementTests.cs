using Headroom.Cli.Doctor;

namespace Headroom.Tests.Cli.Doctor;

public sealed class CudaRequirementTests
{
    // As NVIDIA's images carry it.
    private const string Cuda124 =
        "cuda>=12.4 brand=tesla,driver>=470,driver<471 brand=unknown,driver>=470,driver<471 brand=tesla,driver>=535,driver<536";

    [Theory]
    // requirement, CUDA of the driver, driver
    [InlineData("cuda>=12.4", "12.4", "550.54.14", RequirementVerdict.Met)]
    [InlineData("cuda>=12.4", "13.0", "580.95.05", RequirementVerdict.Met)]
    [InlineData("cuda>=12.4", "12.2", "535.129.03", RequirementVerdict.NotMet)]
    [InlineData("cuda>=12.10", "12.4", "550.54.14", RequirementVerdict.NotMet)]
    [InlineData("cuda>12.4", "12.4", "550.54.14", RequirementVerdict.NotMet)]
    [InlineData("cuda=12.4", "12.4", "550.54.14", RequirementVerdict.Met)]
    [InlineData("cuda!=12.4", "12.4", "550.54.14", RequirementVerdict.NotMet)]
    [InlineData("cuda<=12", "12.0", "525.60", RequirementVerdict.Met)]
    [InlineData("cuda>=11.0,cuda<12.0", "12.2", "535.129.03", RequirementVerdict.NotMet)]
    [InlineData(Cuda124, "12.4", "550.54.14", RequirementVerdict.Met)]
    [InlineData(Cuda124, "11.4", "470.256.02", RequirementVerdict.MetByDriverBranch)]
    [InlineData(Cuda124, "12.2", "535.129.03", RequirementVerdict.MetByDriverBranch)]
    [InlineData(Cuda124, "12.3", "545.23.08", RequirementVerdict.NotMet)]
    [InlineData(Cuda124, "11.4", null, RequirementVerdict.MetByDriverBranch)] // a driver that does not tell cannot be ruled out
    // What is not judged never fails.
    [InlineData("brand=tesla", "11.4", "470.256.02", RequirementVerdict.Met)]
    [InlineData("cuda>=99,brand=tesla", "13.0", "580.95.05", RequirementVerdict.NotMet)]
    [InlineData("", "13.0", "580.95.05", RequirementVerdict.Met)]
    [InlineData("nonsense", "13.0", "580.95.05", RequirementVerdict.Met)]
    [InlineData("cuda>=banana", "13.0", "580.95.05", RequirementVerdict.Met)]
    [InlineData(">=12.4", "13.0", "580.95.05", RequirementVerdict.Met)]
    public void A_requirement_is_judged_by_alternatives_of_terms(string text, string? cuda, string? driver, object verdict) =>
        Assert.Equal(verdict, CudaRequirement.Parse(text).Judge(DottedVersion.Parse(cuda), DottedVersion.Parse(driver)));

    [Fact]
    public void What_it_wants_of_cuda_is_told_without_the_rest()
    {
        Assert.Equal("cuda>=12.4", CudaRequirement.Parse(Cuda124).Wanted());
        Assert.Equal("12.4", CudaRequirement.Parse(Cuda124).Least()!.ToString());
        Assert.Null(CudaRequirement.Parse("driver>=470").Least());
    }

    [Theory]
    [InlineData("12.4", "12.4.0", 0)]
    [InlineData("12.10", "12.9", 1)]
    [InlineData("535.129.03", "535.54", 1)]
    [InlineData("470", "470.256.02", -1)]
    public void Versions_compare_by_number(string a, string b, int order) =>
        Assert.Equal(order, Math.Sign(DottedVersion.Parse(a)!.CompareTo(DottedVersion.Parse(b))));

    [Theory]
    [InlineData("")]
    [InlineData("12.")]
    [InlineData("12.4-rc1")]
    [InlineData("-1")]
    [InlineData("1.1.1.1.1.1.1.1.1.1")]
    [InlineData("99999999999")]
    public void What_is_no_version_is_unknown(string text) => Assert.Null(DottedVersion.Parse(text));
}
