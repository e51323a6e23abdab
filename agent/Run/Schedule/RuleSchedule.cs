using Headroom.Model;
using Microsoft.Extensions.Logging;
using Quartz;

namespace Headroom.Run.Schedule;

/// <summary>Marks each rule due at its own pace, and runs the chores. A mark is all that a rule's job does: rules are judged in the tick, on one thread. Every rule is
/// marked, off or on: what an off one still holds must be given back.</summary>
/// <param name="policy">Asked each second; a changed pace counts from then on.</param>
internal sealed class RuleSchedule(Func<Policy> policy, DueRules due, IReadOnlyList<Chore> chores, TimeProvider time, ILoggerFactory log)
{
    private static readonly TimeSpan PolicyCheck = TimeSpan.FromSeconds(1);

    private readonly SteadyClock _clock = new(time);

    public async Task RunAsync(CancellationToken stop)
    {
        var logger = log.CreateLogger<RuleSchedule>();
        var rules = policy().Rules;
        var jobs = rules.All.Select(r => (Name: JobName(r.Name), r.Settings.Every, Do: (Action)(() => due.Mark(r.Name))))
            .Concat(chores.Select(c => (c.Name, c.Every, c.Do))).ToList();
        // A thread for each job: those that hang hold up none of the others.
        await using var factory = QuartzSchedulerBuilder.Create(quartz => quartz
            .UseTimeProvider(_clock)
            .UseInMemoryStore()
            .UseDefaultThreadPool(jobs.Count)
            .UseJobFactory(new ReadyJobs(jobs.ToDictionary(j => j.Name, j => new CallJob(j.Name, j.Do, logger))))
            .Services.AddSingleton(log)).Build();
        var scheduler = await factory.GetScheduler(CancellationToken.None);
        foreach (var (name, every, _) in jobs)
        {
            var job = JobBuilder.Create<CallJob>().WithIdentity(name).DisallowConcurrentExecution().Build();
            await scheduler.ScheduleJob(job, Trigger(name, every), new ScheduleJobOptions(), CancellationToken.None);
        }
        await scheduler.Start(CancellationToken.None);
        try
        {
            using var timer = new PeriodicTimer(PolicyCheck, time);
            while (await timer.WaitForNextTickAsync(stop))
                rules = await ApplyAsync(scheduler, rules, policy().Rules);
        }
        catch (OperationCanceledException)
        {
            // asked to stop
        }
        // Waits two seconds at most for what still runs.
        await scheduler.Shutdown(false, CancellationToken.None);
    }

    private async Task<RulesPolicy> ApplyAsync(IScheduler scheduler, RulesPolicy before, RulesPolicy now)
    {
        if (ReferenceEquals(before, now))
            return now;
        foreach (var ((name, settings), (_, old)) in now.All.Zip(before.All))
            if (settings.Every != old.Every)
                await scheduler.RescheduleJob(new TriggerKey(JobName(name)), Trigger(JobName(name), settings.Every), CancellationToken.None);
        return now;
    }

    // Later than half an interval it is left out: after a stall each rule is judged once, not once for every time that was missed.
    private ITrigger Trigger(string name, TimeSpan every) => TriggerBuilder.Create(_clock)
        .WithIdentity(name)
        .ForJob(name)
        .StartNow()
        .WithMisfireThreshold(TimeSpan.FromMilliseconds(Math.Max(1, Math.Floor(every.TotalMilliseconds / 2))))
        .WithSchedule(SimpleScheduleBuilder.Create().WithInterval(every).RepeatForever().WithMisfireInstruction(SimpleTriggerMisfireInstruction.NextWithRemainingCount))
        .Build();

    private static string JobName(RuleName rule) => $"rule {rule}";
}
