"""Where alerts go: one notification channel that the owner reads."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import monitoring

from components.given import Args, Tags, Text


@dataclass(kw_only=True)
class AlertsArgs(Args):
    """Who hears of alerts."""

    project: Text
    """The id of the Google Cloud project."""
    owner: Text
    """The e-mail address that alerts and budget alerts reach."""
    tags: Tags
    """The labels of the channel."""


class Alerts(pulumi.ComponentResource):
    """Creates one notification channel, which sends e-mails to the owner.

    Google asks the owner for no confirmation. Alerts carry the names and figures of metrics and no data. Budgets,
    endpoints and batch jobs take the id of this channel.
    """

    channel_id: pulumi.Output[str]
    """The channel as alert policies and budgets name it, `projects/PROJECT/notificationChannels/NUMBER`."""

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-gcp:index:Alerts", name, None, opts)
        channel = monitoring.NotificationChannel(
            name,
            project=args.project,
            display_name=name,
            type="email",
            labels={"email_address": args.owner},
            user_labels=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.channel_id = channel.id
        self.register_outputs({"channel_id": self.channel_id})
