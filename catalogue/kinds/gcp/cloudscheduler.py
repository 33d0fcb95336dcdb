"""Cloud Scheduler: what starts a workflow by the clock."""

from catalogue.answers import by_resource_name
from catalogue.behaviour import Behaviour, Ref, in_project
from catalogue.graph import Resource
from catalogue.kind import At, Bills, Kind, No, assumed, documented
from catalogue.kinds.gcp import ACCOUNT, IN_PROJECT, OWN_ACCOUNT, READ, acting, in_terraform, registry
from catalogue.pricing import Bill, Pricing

SCHEDULE = "gcp:cloudscheduler/job:Job"

_SDK = registry("cloudscheduler/job")
_PRICES = documented("https://cloud.google.com/scheduler/pricing", READ)


def _schedule(pricing: Pricing, resource: Resource) -> Bill:
    month = pricing.of("scheduler-job")
    return Bill("schedule", month, month, f"${month:g} a month")


KINDS = (
    Kind(
        token=SCHEDULE,
        tags=No("a schedule takes no labels", _SDK),
        keys=No("a schedule names no key; what it sends holds no data", _SDK),
        holds=No("it can be made again from the program", _SDK),
        reaches=No("it calls Google's APIs on Google's side", assumed("it has no network of its own", READ)),
        runs=No("what it starts runs, and is counted there", _SDK),
        bills=Bills(_schedule, _PRICES),
        stands=At("region", _SDK),
        keeps=No("nothing is written to it", _SDK),
        serves=No("it runs no container", _SDK),
        acts=acting(
            "cloudscheduler",
            by_resource_name(IN_PROJECT + "/locations/{region}/jobs/{name}", state="ENABLED"),
            Behaviour(
                in_project("region"),
                name="name",
                pattern=r"[a-zA-Z0-9_-]{1,500}",
                refs=(Ref("httpTarget.oauthToken.serviceAccountEmail", (ACCOUNT,), only=OWN_ACCOUNT),),
            ),
        ),
        renders=in_terraform("google_cloud_scheduler_job"),
    ),
)
