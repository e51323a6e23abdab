using Headroom.Model;
using Headroom.Run.Commands;

namespace Headroom.Tests.Run.Commands;

public sealed class AgentCommandsTests
{
    [Fact]
    public void What_was_asked_comes_once_and_in_order()
    {
        var commands = new AgentCommands();
        Assert.True(commands.TryWrite(new AgentCommand.Release("a")));
        Assert.True(commands.TryWrite(new AgentCommand.ResetBreaker()));

        Assert.Equal([new AgentCommand.Release("a"), new AgentCommand.ResetBreaker()], commands.Drain());
        Assert.Empty(commands.Drain());
    }

    [Fact]
    public void A_flood_of_alerts_leaves_room_for_people()
    {
        var commands = new AgentCommands();
        var taken = 0;
        while (commands.TryWrite(new AgentCommand.AlertFires("vip-slow", $"{taken}", null)))
            taken++;
        Assert.Equal(AgentCommands.Most - AgentCommands.KeptForPeople, taken);
        for (var i = 0; i < AgentCommands.KeptForPeople; i++)
            Assert.True(commands.TryWrite(new AgentCommand.Release(null)));
        Assert.False(commands.TryWrite(new AgentCommand.Release(null)));

        Assert.Equal(AgentCommands.Most, commands.Drain().Count);
        Assert.True(commands.TryWrite(new AgentCommand.AlertFires("vip-slow", "a", null)));
    }
}
