"""What a real project refuses, keeps or does silently, held against the graph: each fact with its page and property.

Every fact is looked for in the pilot and in a stack of another team, region and size. A second test makes each untrue,
so that none holds whatever a component does. What no graph can show is listed last, with what holds it instead.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from catalogue.graph import Graph, Resource
from stacks.config import STACKS
from tests.mutate import at, changed, put
from tests.previewing import preview

VERTEX = "https://cloud.google.com/vertex-ai/docs"
PSC = f"{VERTEX}/predictions/private-service-connect"
WORKBENCH = f"{VERTEX}/workbench/instances"
LOGGING = "https://cloud.google.com/logging/docs"
IAM = "https://cloud.google.com/iam"
ISSUES = "https://github.com/hashicorp/terraform-provider-google/issues"
Holds = Callable[[Any, Resource, Graph], bool]


@dataclass(frozen=True)
class Fact:
    """What must stand at a property of each resource of a type, or of those whose names end so, and what is wrong."""

    says: str
    page: str
    type: str
    path: str
    holds: Holds
    bad: Any
    named: str = ""

    def of(self, graph: Graph) -> list[Resource]:
        """The resources that the fact is about."""
        return [one for one in graph.of(self.type) if one.name.endswith(self.named)]

    def wrong(self, graph: Graph) -> list[str]:
        """The names of those of which it is untrue."""
        return [one.name for one in self.of(graph) if not self.holds(at(one.inputs, self.path), one, graph)]


def _is(wanted: Any) -> Holds:
    return lambda value, *_: value == wanted


def _absent(value: Any, *_: Any) -> bool:
    return value is None


def _own_project(value: Any, resource: Resource, graph: Graph) -> bool:
    assert graph.placement is not None
    return value == [graph.placement.account]


def _people_sign_in(value: Any, resource: Resource, graph: Graph) -> bool:
    """The owner of an instance has serviceAccountUser on the account that it runs as."""
    account = at(resource.inputs, "gceSetup.serviceAccounts.0.email")
    granted = {
        (grant.inputs["member"], grant.inputs["role"])
        for grant in graph.of("gcp:serviceaccount/iAMMember:IAMMember")
        if grant.inputs["serviceAccountId"].endswith(f"/{account}")
    }
    return all((f"user:{owner}", "roles/iam.serviceAccountUser") in granted for owner in value or [])


def _reads_image(value: Any, resource: Resource, graph: Graph) -> bool:
    """Whom a model is uploaded as, and Vertex AI's agent, may read the repository of its image."""
    location, project, repository = re.match(r"([^/]+)-docker\.pkg\.dev/([^/]+)/([^/]+)/", value or "x").groups("")  # type: ignore[union-attr]
    readers = {
        grant.inputs["member"].partition("@")[0]
        for grant in graph.of("gcp:artifactregistry/repositoryIamMember:RepositoryIamMember")
        if [grant.inputs[key] for key in ("location", "project", "repository")] == [location, project, repository]
    }
    runs_as = f"serviceAccount:{resource.inputs['serviceAccount'].partition('@')[0]}"
    return runs_as in readers and any(reader.startswith("serviceAccount:service-") for reader in readers)


def _reads_artifact(value: Any, resource: Resource, graph: Graph) -> bool:
    """Whom a model is uploaded as may read its artifact, by a condition on the folder."""
    bucket, _, folder = (value or "").removeprefix("gs://").partition("/")
    prefixes = [
        prefix
        for grant in graph.of("gcp:storage/bucketIAMMember:BucketIAMMember")
        if grant.inputs["bucket"] == bucket and resource.inputs["serviceAccount"] in grant.inputs["member"]
        for prefix in re.findall(r'/objects/([^"]*)"', at(grant.inputs, "condition.expression") or '/objects/"')
    ]
    return any(folder.startswith(prefix) for prefix in prefixes)


def _few_operators(value: Any, resource: Resource, graph: Graph) -> bool:
    return len(re.findall(r"&&|\|\||!", value or "")) <= 12


def _few_conditions(value: Any, resource: Resource, graph: Graph) -> bool:
    """At most 20 bindings of a policy differ in their condition only."""
    grants = graph.of("gcp:storage/bucketIAMMember:BucketIAMMember")
    bound = Counter(tuple(grant.inputs[key] for key in ("bucket", "role", "member")) for grant in grants)
    return bool(value) and max(bound.values()) <= 20


def _both_families(value: Any, *_: Any) -> bool:
    read = [at(condition, "conditionThreshold.filter") for condition in value]
    return all(any(f"online/{family}response_count" in one for one in read) for family in ("", "private/"))


def _rings_after_a_day(value: Any, *_: Any) -> bool:
    """What it looks back and what it must hold make a day, and it looks back for little of that."""
    back = {int(hours) for hours in re.findall(r"\[(\d+)h\]", value["query"])}
    return len(back) == 1 and max(back) <= 2 and int(value["duration"][:-1]) == (24 - max(back)) * 3600


def _waits_long(value: Any, *_: Any) -> bool:
    return isinstance(value, int) and value >= 7


def _left_out(value: Any, *_: Any) -> bool:
    logs = (
        "cloudaudit.googleapis.com/data_access",
        "compute.googleapis.com/vpc_flows",
        "dns.googleapis.com/dns_queries",
    )
    return all(f'log_id("{log}")' in (value or "").split(" OR ") for log in logs)


def _whole_project(value: Any, *_: Any) -> bool:
    return isinstance(value, dict) and list(value["projects"]) != [] and "labels" not in value


def _one_zone(value: Any, resource: Resource, graph: Graph) -> bool:
    """A zone of the region that the stack file names, which no later look-up moves."""
    assert graph.placement is not None
    kept = "location" in resource.ignored_changes
    return kept and re.fullmatch(rf"{graph.placement.region}-[a-z]", value or "") is not None


ENDPOINT, RULE = "gcp:vertex/aiEndpoint:AiEndpoint", "gcp:compute/forwardingRule:ForwardingRule"
MODEL, INSTANCE = "mlplatform:gcp:Model", "gcp:workbench/instance:Instance"
ALERT, GRANT = "gcp:monitoring/alertPolicy:AlertPolicy", "gcp:storage/bucketIAMMember:BucketIAMMember"
FACTS = (
    Fact("a deleted endpoint's id is held for up to 7 days: it is generated", PSC, ENDPOINT, "name", _absent, "fixed"),
    Fact(
        "an allowlist cannot be changed, and a project has at most 10: it has the project alone",
        PSC, ENDPOINT, "privateServiceConnectConfig.projectAllowlists", _own_project, ["another-project"],
    ),
    Fact(
        "the provider calls the address of `region`, and of its own default where there is none",
        "https://registry.terraform.io/providers/hashicorp/google-beta/latest/docs/resources/vertex_ai_endpoint",
        ENDPOINT, "region", lambda value, one, _: bool(value) and value == one.inputs["location"], "another-region",
    ),
    Fact("traffic cannot be said at creation", PSC, ENDPOINT, "trafficSplit", _absent, '{"0": 100}'),
    Fact("a PSC endpoint has no network", PSC, ENDPOINT, "network", _absent, "projects/1/global/networks/n"),
    Fact(
        "without global access a request must be sent from the endpoint's region",
        PSC, RULE, "allowPscGlobalAccess", _is(True), False,
    ),
    Fact("a closed connection is made anew", PSC, RULE, "recreateClosedPsc", _is(True), False),
    Fact(
        "a locked log bucket cannot be deleted for its whole retention: a pilot has none",
        f"{LOGGING}/buckets#locking-logs-buckets",
        "gcp:logging/projectBucketConfig:ProjectBucketConfig", "locked", _is(False), True,
    ),
    Fact(
        "key rings are for ever: the name is generated",
        "https://cloud.google.com/kms/docs/resource-hierarchy", "gcp:kms/keyRing:KeyRing", "name", _absent, "ring",
    ),
    Fact(
        "JupyterLab asks its owner for serviceAccountUser on the instance's account",
        f"{WORKBENCH}/manage-access-jupyterlab", INSTANCE, "instanceOwners", _people_sign_in, ["eve@example.com"],
    ),
    Fact(
        "whom a model is uploaded as must read its image",
        f"{VERTEX}/reference/rest/v1/projects.locations.models/upload", MODEL, "image", _reads_image,
        "us-docker.pkg.dev/others-project/others/scorer:1",
    ),
    Fact(
        "whom a model is uploaded as must read its artifact",
        f"{VERTEX}/reference/rest/v1/projects.locations.models/upload", MODEL, "artifactUri", _reads_artifact,
        "gs://others-models/scorer/1/",
    ),
    Fact(
        "a grant takes 7 minutes and potentially longer to be in force",
        f"{IAM}/docs/access-change-propagation", "mlplatform:gcp:GrantsInForce", "minutes", _waits_long, 1,
    ),
    Fact(
        "a person's machine stays in the zone that is named",
        f"{ISSUES}/25914", INSTANCE, "location", _one_zone, "us-central1-ai1a",
    ),
    Fact(
        "a condition has at most 12 operators", f"{IAM}/quotas", GRANT, "condition.expression", _few_operators,
        " || ".join(["true"] * 14),
    ),
    Fact(
        "at most 20 bindings of one role and principal differ in their condition only",
        f"{IAM}/quotas", GRANT, "role", _few_conditions, "",
    ),
    Fact(
        "no page says which family of metrics a PSC endpoint writes: alarms read both",
        f"{VERTEX}/general/monitoring-metrics", ALERT, "conditions", _both_families,
        [{"conditionThreshold": {"filter": 'metric.type = "…/prediction/online/response_count"'}}], named="-errors",
    ),
    Fact(
        "a query on a metric without data is refused unless nobody validates it",
        "https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies", ALERT,
        "conditions.0.conditionPrometheusQueryLanguage.disableMetricValidation", _is(True), False, named="-idle",
    ),
    Fact(
        "a query that counts a missing series as zero rings as soon as it is made, unless it must hold for a while",
        "https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies", ALERT,
        "conditions.0.conditionPrometheusQueryLanguage", _rings_after_a_day,
        {"query": "(sum(increase(a[1d])) or vector(0)) < 1", "duration": "3600s"}, named="-idle",
    ),
    Fact(
        "what a sink routes lies in _Default once more unless it is excluded",
        f"{LOGGING}/routing/overview", "gcp:logging/projectExclusion:ProjectExclusion", "filter", _left_out,
        'log_id("cloudaudit.googleapis.com/data_access")',
    ),
    Fact(
        "a budget with a label misses what users start without it",
        "https://cloud.google.com/billing/docs/how-to/budgets", "gcp:billing/budget:Budget", "budgetFilter",
        _whole_project, {"projects": ["projects/1"], "labels": {"team": "payments-risk"}},
    ),
    Fact(
        "the name of an endpoint to Google's APIs is 1 to 20 lower-case letters and digits",
        "https://cloud.google.com/vpc/docs/configure-private-service-connect-apis",
        "gcp:compute/globalForwardingRule:GlobalForwardingRule", "name",
        lambda value, *_: re.fullmatch(r"[a-z][a-z0-9]{0,19}", value or "") is not None, "claims-network-google",
    ),
    Fact(
        "an update of the metadata loses keys: it is left as it is",
        f"{ISSUES}/22622", INSTANCE, "gceSetup.metadata",
        lambda value, one, _: bool(value) and "gceSetup.metadata" in one.ignored_changes, {},
    ),
)  # fmt: skip

NOT_ON_A_GRAPH = {
    "custom role ids are held until day 37": "a fixed id is refused by the cloud; docs/troubleshooting.md says when",
    "APIs are off in a new project": "no resource turns one on; tests/operations/steps holds the manual step",
    "a grant is on a service agent that exists": "test_components.py holds that each agent is made first",
    "a service attachment may be made anew after 10 minutes without a model": "it happens after `up`",
    "organisation policies": "they are input; tests/policies/test_org_policies.py holds each against a plan",
    "GPU machines draw CPU quota as well": "quota is no property; tests/policies/test_quotas.py counts it",
    "operations fail with google.rpc.Status": "an answer of the API; tests/provider/gcp holds it",
    "labels of a model and of a version are apart": "the API keeps both; tests/provider/gcp/test_model.py holds it",
    "a TPU has no acceleratorType, no count and no autoscaling": "no such stack here; tests/provider/gcp holds it",
    "callers outside the network need a rule of their own": "it is made in their project",
}
"""What the note says and no property of a resource shows, with why, or what holds it."""


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """A stack of another team: another project and region, and more models than a policy takes conditions."""
    text = (STACKS / "Pulumi.gcp-pilot.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("payments-risk-pilot-data", "claims-lake"),
        ("payments-risk-pilot", "claims-ml-4711"),
        ("payments-risk", "claims"),
        ("gcp-pilot", "motor"),
        ("us-central1", "europe-west4"),
    ):
        text = text.replace(old, new)
    said: dict[str, Any] = yaml.safe_load(text)
    models = said["config"]["mlplatform:models"]
    for number in range(25):
        models[f"extra-{number}"] = {
            "image": f"europe-west4-docker.pkg.dev/claims-ml-4711/team-{number % 3}/scorer:{number}",
            "artifact_uri": f"gs://claims-models-{number % 2}/extra-{number}/1/",
        }
    said["config"]["mlplatform:batch_jobs"]["fraud-backfill"]["model"] = "extra-7"
    file = tmp_path_factory.mktemp("another") / "Pulumi.motor.yaml"
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    return preview(file)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.says)
def test_a_fact_holds_in_the_pilot_and_in_another_teams_stack(gcp_pilot: Graph, another: Graph, fact: Fact) -> None:
    for graph in (gcp_pilot, another):
        assert fact.of(graph), f"{graph.stack} has no {fact.type}"
        assert fact.wrong(graph) == [], f"{fact.path} of {fact.type} in {graph.stack}: {fact.page}"


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.says)
def test_a_fact_that_is_made_untrue_is_noticed(gcp_pilot: Graph, fact: Fact) -> None:
    deep = "." in fact.path
    resource = next(one for one in fact.of(gcp_pilot) if not deep or at(one.inputs, fact.path) is not None)

    def spoil(properties: dict[str, Any]) -> None:
        if deep:
            put(properties, fact.path, fact.bad)
        else:
            properties[fact.path] = fact.bad

    assert resource.name in fact.wrong(changed(gcp_pilot, resource, spoil))


def test_every_fact_names_a_page() -> None:
    assert all(fact.page.startswith("https://") for fact in FACTS) and len(FACTS) == len({fact.says for fact in FACTS})
    assert all(len(why) > 15 for why in NOT_ON_A_GRAPH.values())
