using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Headroom.Benchmarks.Budgets;

/// <summary>The peer of a scrape: Kestrel, as the agent has it, in a process of its own, that answers every request with the same bytes.</summary>
internal sealed class StaticPage : IDisposable
{
    public const string Verb = "static-page";

    private readonly Process _process;
    private readonly string _file = Path.GetTempFileName();

    public StaticPage(byte[] page)
    {
        File.WriteAllBytes(_file, page);
        _process = Process.Start(new ProcessStartInfo("dotnet", [typeof(StaticPage).Assembly.Location, Verb, _file]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Port = int.Parse(_process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the static page's server did not start"), CultureInfo.InvariantCulture);
    }

    public int Port { get; }

    /// <summary>Of that process: serves until its standard input is closed.</summary>
    public static async Task ServeAsync(string file)
    {
        var page = await File.ReadAllBytesAsync(file);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        await using var app = builder.Build();
        app.Run(async http =>
        {
            http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
            http.Response.ContentLength = page.Length;
            await http.Response.BodyWriter.WriteAsync(page, http.RequestAborted);
        });
        await app.StartAsync();
        Console.WriteLine(new Uri(app.Urls.Single()).Port);
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
        File.Delete(_file);
    }
}
