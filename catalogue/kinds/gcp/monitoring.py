"""Cloud Monitoring: alerts, and the channel that sends them."""

from catalogue.answers import numbered
from catalogue.behaviour import Behaviour, Ref
from catalogue.graph import Resource
from catalogue.kind import At, Bills, No, Watches, setting
from catalogue.kinds.gcp import CHANNEL, IN_PROJECT, OBSERVABILITY, acting, in_terraform, registry
from catalogue.pricing import Bill, Pricing

ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"

_ALERT, _CHANNEL = registry("monitoring/alertpolicy"), registry("monitoring/notificationchannel")


def _alert(pricing: Pricing, resource: Resource) -> Bill:
    conditions = len(list(resource.props.each_section("conditions")))
    price = pricing.of("monitoring-alert")
    return Bill(
        "alert policy",
        conditions * price,
        conditions * price,
        f"{conditions} condition{'s' if conditions > 1 else ''} × ${price:g} a month",
    )


KINDS = (
    setting(
        ALERT,
        "Monitoring",
        _ALERT,
        tags=At("userLabels", _ALERT),
        bills=Bills(_alert, OBSERVABILITY, ("Cloud Monitoring",)),
        acts=acting(
            "monitoring",
            numbered(IN_PROJECT + "/alertPolicies/{digits}"),
            Behaviour(refs=(Ref("notificationChannels[]", (CHANNEL,), holds=True),)),
        ),
        renders=in_terraform("google_monitoring_alert_policy"),
        watches=Watches(("conditions",), _ALERT),
    ),
    setting(
        CHANNEL,
        "Monitoring",
        _CHANNEL,
        # `labels` configure the channel. The labels for people are in another property.
        tags=At("userLabels", _CHANNEL),
        bills=No("e-mails are free", OBSERVABILITY),
        acts=acting(
            "monitoring",
            numbered(IN_PROJECT + "/notificationChannels/{digits}"),
            Behaviour(),
        ),
        renders=in_terraform("google_monitoring_notification_channel"),
    ),
)
