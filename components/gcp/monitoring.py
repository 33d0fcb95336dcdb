"""Where alerts go: one notification channel that the owner reads."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import monitoring


@dataclass
class AlertsArgs:
    """`owner` is the e-mail address that alerts and budget alerts reach."""

    project: str
    owner: str
    tags: Mapping[str, str]


class Alerts(pulumi.ComponentResource):
    """Creates the notification channel of the pilot, an e-mail to its owner.

    An e-mail channel needs no confirmation. Alerts carry names and figures of metrics, never data.
    """

    channel_id: pulumi.Output[str]

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:gcp:Alerts", name, None, opts)
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
