using Headroom.Model;
using static Headroom.Export.Metrics.MetricTable;

namespace Headroom.Export.Metrics;

/// <summary>What came in by webhook, and what people were told -> series. Only names of the policy become labels, so a sender can't make series.</summary>
internal static class AlertMetrics
{
    public static void Write(MetricPage page, NodeView view)
    {
        page.Set(AlertNotifications, view.Alerts?.Taken, "taken");
        page.Set(AlertNotifications, view.Alerts?.Unnamed, "unnamed");
        page.Set(AlertNotifications, view.Alerts?.Refused, "refused");
        foreach (var alert in view.Snapshot.Alerts)
            page.Set(AlertsFiring, 1, alert.Name);
        foreach (var channel in view.Notified)
        {
            page.Set(Notifications, channel.Sent, channel.Channel, "sent");
            page.Set(Notifications, channel.Failed, channel.Channel, "failed");
            page.Set(Notifications, channel.Dropped, channel.Channel, "dropped");
        }
    }
}
