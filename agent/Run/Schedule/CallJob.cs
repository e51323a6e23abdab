using Microsoft.Extensions.Logging;
using Quartz;
using Quartz.Extensibility;

namespace Headroom.Run.Schedule;

/// <summary>Something small to do again and again, e.g. to thin out a folder. It may block: only itself waits then.</summary>
internal sealed record Chore(string Name, TimeSpan Every, Action Do);

/// <summary>What the scheduler runs. One that fails runs again at its next time.</summary>
internal sealed partial class CallJob(string name, Action call, ILogger log) : IJob
{
    public ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            call();
        }
        catch (Exception e)
        {
            LogFailed(log, name, e);
        }
        return ValueTask.CompletedTask;
    }

    [LoggerMessage(1101, LogLevel.Error, "{Job} failed; it is tried again at its next time")]
    private static partial void LogFailed(ILogger log, string job, Exception error);
}

/// <summary>Hands out the jobs that there are, by name: nothing is made by reflection.</summary>
internal sealed class ReadyJobs(IReadOnlyDictionary<string, CallJob> jobs) : IJobFactory
{
    public ValueTask<JobScope> CreateJob(TriggerFiredBundle bundle, IScheduler scheduler, CancellationToken cancellationToken = default) =>
        new(new JobScope(jobs[bundle.JobDetail.Key.Name]));

    public ValueTask ReturnJob(JobScope scope, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
}
