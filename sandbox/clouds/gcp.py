"""What is special to the simulated Google Cloud: its sentences, the project in a resource name, and its alarms.

The sentence of an API that is off is seen in https://github.com/appvia/kore/issues/286, which has the API's long name.
That of a key whose grant is not in force yet is seen in https://github.com/ollionorg/gcp-landing-zone/pull/59.
That of a member whom the organisation does not let in is seen in
https://github.com/terraform-google-modules/terraform-example-foundation/issues/1272.
Where a new project has APIs on depends on how it was made; one with none is the least.
Images, artifacts and quotas of Vertex AI are asked for through our own provider (`sandbox.rest.kept`).
"""

import re
from collections.abc import Iterator, Mapping

from catalogue.kinds.gcp import monitoring, vertex
from catalogue.marked import Json
from sandbox.clouds.alarm import AlarmKind, Bound
from sandbox.clouds.manners import Bridged, Manners
from sandbox.state import State
from sandbox.state.records import Record

_SENTENCES: Mapping[str, str] = {
    "exists": "Error creating {kind}: googleapi: Error 409: {said}, alreadyExists",
    "missing": "Error in {kind} {name}: googleapi: Error 404: {said}, notFound",
    "held": "Error when reading or editing {kind}: googleapi: Error 400: {said}, resourceInUseByAnotherResource",
    "stays": "Error creating {kind}: googleapi: Error 409: {said}, alreadyExists",
    "quota-exceeded": "Error creating {kind} {name}: googleapi: Error 429: the following quota metrics exceed quota"
    " limits: {said}, RESOURCE_EXHAUSTED",
    "no-right": "Error creating, changing or deleting {kind} {name}: googleapi: Error 403: Permission '{said}'"
    " denied on resource '//cloudresourcemanager.googleapis.com/projects/{account}' (or it may not exist)., forbidden",
    "service-off": "Error creating {kind} {name}: googleapi: Error 403: {said} has not been used in project {account}"
    " before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/{said}/overview"
    "?project={account} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to"
    " our systems and retry., SERVICE_DISABLED",
    "not-in-force": "Error creating {kind} {name}: googleapi: Error 403: Permission denied on Cloud KMS key. Please"
    " ensure that {member} has been authorized to use {said}., forbidden",
    "not-let-in": "Error applying IAM policy for {kind} {name}: googleapi: Error 400: One or more users named in the"
    " policy do not belong to a permitted customer. User {said} is not in permitted organization."
    " (constraints/iam.allowedPolicyMemberDomains), failedPrecondition",
    "over-quota-things": "Error creating {kind} {name}: googleapi: Error 403: Quota exceeded for {said}. Limit: {limit}"
    " in region {region}, in use {used}, asked for {more}., quotaExceeded",
    "no-capacity": "Error creating {kind} {name}: ZONE_RESOURCE_POOL_EXHAUSTED: no resources available for {said};"
    " try a different zone, or try again later.",
    "throttle": "{kind} {name}: googleapi: Error 429: Quota exceeded for quota metric 'Requests' per minute,"
    " rateLimitExceeded",
    "server-error": "Error when reading or editing {kind} {name}: googleapi: Error 503: The service is currently"
    " unavailable., backendError",
    "access-denied": "{kind} {name}: googleapi: Error 403: Permission denied for {said} on resource of project"
    " {account}, forbidden",
    "fails-after-success": "Error waiting to create {kind} {name}: timeout while waiting for state to become 'done:"
    " true'",
    "name-held": "Error creating {kind}: googleapi: Error 409: {said} is in state DELETE_REQUESTED, alreadyExists",
}


def _is_foreign(id_: str, account: str) -> bool:
    """A resource name and a self link name their project. Any other name is of the own project."""
    project = re.match(r"(?:https://[^/]+/compute/v1/)?projects/([^/]+)/", id_)
    return bool(project) and project.group(1) != account


def _alert_policy(inputs: Json) -> Iterator[tuple[str, tuple[Bound, ...]]]:
    """Each condition rings by itself. Where the policy says AND, it rings when all conditions are met.

    An AND policy with a condition that the sandbox cannot read is left out.
    """
    conditions: list[Json] = inputs["conditions"]
    read = [(str(one["displayName"]), bound) for one in conditions if (bound := _bound(one)) is not None]
    if not inputs["combiner"].startswith("AND"):
        yield from ((words, (bound,)) for words, bound in read)
    elif len(read) == len(conditions):
        yield " and ".join(words for words, _ in read), tuple(bound for _, bound in read)


def _bound(condition: Json) -> Bound | None:
    query: str = condition.get("conditionPrometheusQueryLanguage", {}).get("query", "")
    if query:
        found = re.search(r'online_response_count\{.*endpoint_id="([^"]+)".*vector\(0\).* < (\d+)$', query)
        return Bound(found[1], "requests", 1, False, float(found[2]), 0) if found else None
    threshold: Json = condition.get("conditionThreshold", {})
    filter_: str = threshold.get("filter", "")
    endpoint = re.search(r'resource\.labels\.endpoint_id = "([^"]+)"', filter_)
    if endpoint is None:
        return None
    above, value = threshold["comparison"] == "COMPARISON_GT", threshold["thresholdValue"]
    if "online/prediction_latencies" in filter_:
        return Bound(endpoint[1], "latency", 1, above, value)
    if "online/response_count" in filter_ and threshold.get("denominatorFilter"):
        return Bound(endpoint[1], "errors", 0.01, above, value)
    return None


def _channels(state: State, alarm: Record) -> Iterator[str]:
    for name in alarm.inputs.get("notificationChannels", []):
        for channel in state.resources.named(name):
            yield from (mail for key, mail in channel.inputs.get("labels", {}).items() if key == "email_address")


MANNERS = Manners(
    platform="gcp",
    package="gcp",
    sdk="pulumi-gcp",
    provider=Bridged(),
    account_key="project",
    region_key="region",
    sentences=_SENTENCES,
    is_foreign=_is_foreign,
    endpoint=vertex.ENDPOINT,
    alarms={monitoring.ALERT: AlarmKind(_alert_policy, _channels)},
)
