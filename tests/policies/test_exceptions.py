"""Each exception of the design from both sides: it excuses what its reason is true of, in any stack, and no more."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_policy import ResourceValidationPolicy, StackValidationPolicy
from pulumi_policy.proxy import UnknownValueError

from catalogue.graph import Graph, Resource
from catalogue.kinds import kinds
from catalogue.kinds.aws import cloudtrail, ec2, iam, s3, sagemaker
from catalogue.kinds.azure import containerregistry, storage
from catalogue.kinds.azure.network import PRIVATE_ENDPOINT
from catalogue.kinds.gcp import projects, vertex
from catalogue.marks import UNKNOWN
from catalogue.placement import Caller
from catalogue.platforms import PLATFORMS
from catalogue.properties import NotKnown
from components.azure.names import AUTO_NAME, compact, short
from policies import __main__ as engine
from policies import exceptions, names
from policies.exceptions import DesignException, aws, gcp
from policies.rule import resource_rule, stack_rule
from tests.engine_door import of_stack
from tests.mutate import changed, drop, put, swapped, without
from tests.on_engine import args_of, shown
from tests.stacks.sections.test_landing_zone import NETWORKS, write, zone

ROOT = Path(__file__).parents[2]
ALL = [(platform, each) for platform in PLATFORMS for each in exceptions.of(platform)]
EACH = pytest.mark.parametrize(
    ("platform", "exception"), ALL, ids=[f"{e.rule} {e.component} {e.child}" for _, e in ALL]
)
OF_A_LANDING_ZONE = (aws.trail_into_given_bucket, aws.recorded_by_given_trail, gcp.recorded_by_given_trail)
GIVEN = [(platform, each) for platform, each in ALL if each.holds in OF_A_LANDING_ZONE]
OF_HOURS = (gcp.switches_what_the_stack_deploys,)
"""Of what no pilot has: tests/stacks/sections/test_hours_gcp.py breaks each part of its reason."""
OWN = [one for one in ALL if one not in GIVEN and one[1].holds not in OF_HOURS]
EACH_OF_OUR_OWN = pytest.mark.parametrize(
    ("platform", "exception"), OWN, ids=[f"{e.rule} {e.component} {e.child}" for _, e in OWN]
)
Break = Callable[[Graph, Resource], Graph]


def about(graph: Graph, exception: DesignException) -> list[Resource]:
    return [r for r in graph.resources if exception.is_about(graph.platform, r) and exception.holds(graph, r)]


# ---- what makes each reason untrue ----------------------------------------------------------------------------------


def its(path: str, value: Any) -> Break:
    """The resource itself with another value."""
    return lambda graph, resource: changed(graph, resource, lambda p: put(p, path, value))


def its_no(path: str) -> Break:
    return lambda graph, resource: changed(graph, resource, lambda p: drop(p, path))


def every(type_: str, path: str, value: Any) -> Break:
    """Every other resource of a type with another value."""
    return lambda graph, resource: every_one(type_, path, value)(graph)


def every_one(type_: str, path: str, value: Any) -> Callable[[Graph], Graph]:
    """Every resource of a type with another value."""

    def made(graph: Graph) -> Graph:
        for other in graph.of(type_):
            graph = changed(graph, other, lambda p: put(p, path, value))
        return graph

    return made


def no(type_: str) -> Break:
    """The graph without the resources of a type."""

    def broken(graph: Graph, resource: Resource) -> Graph:
        for other in graph.of(type_):
            graph = without(graph, other)
        return graph

    return broken


def unprotected(graph: Graph, resource: Resource) -> Graph:
    return swapped(graph, replace(resource, protect=False))


def nobody_in_it(graph: Graph, group: Resource) -> Graph:
    for user in graph.cloud:
        if user.type.startswith("aws:sagemaker/"):
            graph = without(graph, user)
    return graph


def attached(graph: Graph, policy: Resource) -> Graph:
    """The boundary is somebody's own policy besides."""
    role = graph.of(iam.ROLE)[0]
    return swapped(graph, replace(role, property_dependencies={"managedPolicyArns": (policy.urn,)}))


def attached_by_name(graph: Graph, policy: Resource) -> Graph:
    """The boundary is somebody's own policy besides, by its ARN as text."""
    return changed(graph, graph.of(iam.ROLE)[0], lambda p: p.update(managedPolicyArns=[policy.outputs["arn"]]))


def selector(change: Callable[[dict[str, Any]], Any]) -> Break:
    """The trail's selector of objects in another form."""

    def in_trail(properties: dict[str, Any]) -> None:
        change(properties["advancedEventSelectors"][1])

    return lambda graph, resource: changed(graph, graph.of(cloudtrail.TRAIL)[0], in_trail)


READS_ONLY = selector(lambda s: s["fieldSelectors"].append({"field": "readOnly", "equals": ["true"]}))
ELSEWHERE = selector(lambda s: s["fieldSelectors"][2].update(startsWiths=["arn:aws:s3:::another/"]))
IN_PART = selector(
    lambda s: s["fieldSelectors"][2].update(startsWiths=[f"{s['fieldSelectors'][2]['startsWiths'][0]}x/"])
)
NOT_THIS = selector(lambda s: s["fieldSelectors"][2].update(notStartsWiths=["arn:aws:s3:::x/"]))
OFF = every(cloudtrail.TRAIL, "enableLogging", False)


def let_in(principal: object) -> Break:
    """Every bucket's policy lets somebody else write."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "s3:PutObject", "Resource": "*"}
    return every(s3.BUCKET_POLICY, "policy", {"Version": "2012-10-17", "Statement": [statement]})


def trusts(**change: Any) -> Break:
    condition = {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "StringEquals": {"aws:PrincipalAccount": "111122223333"},
    }
    person = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "sts:AssumeRole"}
    return its("assumeRolePolicy", {"Statement": [{**person, "Condition": condition, **change}]})


def each_part(change: Callable[[dict[str, Any]], Any]) -> Break:
    def broken(graph: Graph, resource: Resource) -> Graph:
        for config in graph.of(projects.AUDIT_CONFIG):
            graph = changed(graph, config, lambda p: [change(part) for part in p["auditLogConfigs"]])
        return graph

    return broken


_SEALED = (
    its("enableLogFileValidation", False),
    its_no("kmsKeyId"),
    OFF,
    every(s3.LIFECYCLE, "rules.0.expiration", {"days": 364}),
    every(s3.LIFECYCLE, "rules.0.expiration", {"date": "2099-01-01T00:00:00Z"}),
    every(s3.LIFECYCLE, "rules.0", {"id": "x", "status": "Disabled", "expiration": {"days": 1}}),
    no(s3.BUCKET),
)
_PLAIN_MACHINE = {"instanceType": "ml.m5.large", "initialInstanceCount": 1, "variantName": "b"}
_KEY = (
    its("properties.rotationPolicy.lifetimeActions.0.trigger.timeAfterCreate", "P3Y"),
    its_no("properties.rotationPolicy"),
    its("properties.keySize", 2048),
    its("properties.keyOps", ["wrapKey", "unwrapKey", "sign"]),
)
_METADATA = (
    its_no("hbiWorkspace"),
    its("encryption", {"status": "Disabled"}),
    every(storage.ACCOUNT, "encryption.keySource", "Microsoft.Storage"),
    no(storage.ACCOUNT),
)
_AGENT = (
    its("role", "roles/editor"),
    its("role", "roles/compute.serviceAgent"),
    its("member", "user:somebody@example.com"),
    its("project", "another-project"),
)
BROKEN: dict[tuple[str, str], tuple[Break, ...]] = {
    ("CKV2_AWS_5", "Network"): (nobody_in_it,),
    ("CKV2_AWS_10", "Audit"): _SEALED,
    ("CKV_AWS_252", "Audit"): _SEALED,
    ("CKV2_AWS_62", "PrivateBucket"): (
        lambda graph, bucket: OFF(let_in({"AWS": "arn:aws:iam::111122223333:root"})(graph, bucket), bucket),
        lambda graph, bucket: no(cloudtrail.TRAIL)(no(s3.BUCKET_POLICY)(graph, bucket), bucket),
    ),
    ("CKV_AWS_144", "PrivateBucket"): (
        unprotected,
        every(s3.VERSIONING, "versioningConfiguration.status", "Suspended"),
        no(s3.VERSIONING),
        every(s3.LIFECYCLE, "rules.0.noncurrentVersionExpiration", {"noncurrentDays": 29}),
        every(s3.LIFECYCLE, "rules.0.noncurrentVersionExpiration", {"newerNoncurrentVersions": 1}),
    ),
    ("CKV_AWS_18", "Audit/PrivateBucket"): (
        let_in({"Service": "sagemaker.amazonaws.com"}),
        let_in({"AWS": "arn:aws:iam::111122223333:root"}),
        let_in("*"),
        no(s3.BUCKET_POLICY),
    ),
    ("CKV_AWS_18", "PrivateBucket"): (OFF, ELSEWHERE, IN_PART, READS_ONLY, NOT_THIS, no(cloudtrail.TRAIL)),
    ("CKV_AWS_355", "Identity"): (attached, attached_by_name, no(iam.ROLE)),
    ("CKV_AWS_61", "Identity"): (
        trusts(Principal={"AWS": "arn:aws:iam::999999999999:root"}),
        trusts(Principal={"AWS": ["arn:aws:iam::111122223333:root", "arn:aws:iam::999999999999:root"]}),
        trusts(Principal="*"),
        trusts(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        trusts(Condition={
            "Bool": {"aws:MultiFactorAuthPresent": "false"}, "StringEquals": {"aws:PrincipalAccount": "111122223333"}
        }),
        trusts(Condition={
            "Bool": {"aws:MultiFactorAuthPresent": "true"}, "StringEquals": {"aws:PrincipalAccount": "999999999999"}
        }),
        its("assumeRolePolicy", {"Statement": []}),
    ),
    ("CKV_AWS_98", "Endpoint"): (
        its("productionVariants.0.instanceType", "ml.m5.large"),
        its_no("productionVariants.0.instanceType"),
        lambda graph, r: changed(graph, r, lambda p: p["productionVariants"].append(_PLAIN_MACHINE)),
        lambda graph, r: changed(graph, r, lambda p: p.update(shadowProductionVariants=[_PLAIN_MACHINE])),
    ),
    ("CKV2_GCP_33", "Endpoint"): (
        its("privateServiceConnectConfig.enablePrivateServiceConnect", False),
        its("privateServiceConnectConfig.projectAllowlists", []),
        its("privateServiceConnectConfig.projectAllowlists", ["payments-risk-pilot", "another-project"]),
        its_no("privateServiceConnectConfig"),
    ),
    ("CKV_GCP_49", "ServiceAgents"): _AGENT,
    ("CKV_GCP_62", "PrivateBucket"): (
        no(projects.AUDIT_CONFIG),
        each_part(lambda part: part.update(logType="ADMIN_READ")),
        each_part(lambda part: part.update(exemptedMembers=["user:somebody@example.com"])),
        every(projects.AUDIT_CONFIG, "project", "another-project"),
        every(projects.AUDIT_CONFIG, "service", "compute.googleapis.com"),
    ),
    ("CKV_AZURE_40", "Encryption"): _KEY,
    ("CKV_AZURE_112", "Encryption"): _KEY,
    ("CKV_AZURE_166", "Store"): (
        its("publicNetworkAccess", "Enabled"),
        its("adminUserEnabled", True),
        its("anonymousPullEnabled", True),
        its_no("adminUserEnabled"),
    ),
    ("CKV_AZURE_206", "Store"): (its("sku.name", "Standard_LRS"), its_no("sku"), its("location", "westus")),
    ("CKV_AZURE_233", "Store"): (its("location", "eastus2"), its_no("location")),
    ("CKV_MLP_8", "Workspace"): _METADATA,
    ("CKV_AZURE_243", "Workspace"): (
        its("publicNetworkAccess", "Enabled"),
        its("managedNetwork.isolationMode", "AllowInternetOutbound"),
        its_no("managedNetwork"),
        no(PRIVATE_ENDPOINT),
    ),
}  # fmt: skip
ELSEWHERE_TRUE: dict[tuple[str, str], Callable[[Graph], Graph]] = {
    ("CKV_AZURE_233", "Store"): every_one(containerregistry.REGISTRY, "location", "westus"),
}
"""What makes a reason true that is true of no pilot."""


def shown_by(graph: Graph, exception: DesignException) -> Graph:
    """The pilot's graph, or that in which the reason of the exception is true."""
    return ELSEWHERE_TRUE.get((exception.rule, exception.component), lambda same: same)(graph)


@EACH_OF_OUR_OWN
def test_it_excuses_what_its_reason_is_true_of(
    platform: str, exception: DesignException, request: pytest.FixtureRequest
) -> None:
    graph = shown_by(request.getfixturevalue(f"{platform}_pilot"), exception)
    found = about(graph, exception)
    assert found, "an exception that nothing shows is not known to work"
    for resource in found:
        assert exceptions.find(graph, exception.rule, resource) is exception
        assert exceptions.find(graph, "CKV_AWS_1", resource) is None


@EACH_OF_OUR_OWN
def test_the_finding_stands_where_its_reason_is_not_true(
    platform: str, exception: DesignException, request: pytest.FixtureRequest
) -> None:
    graph = shown_by(request.getfixturevalue(f"{platform}_pilot"), exception)
    for resource in about(graph, exception):
        for number, broken in enumerate(BROKEN[exception.rule, exception.component]):
            mutant = broken(graph, resource)
            now = mutant.by_urn.get(resource.urn, resource)
            assert exceptions.find(mutant, exception.rule, now) is None, (resource.name, number)


@pytest.mark.parametrize("others", [[], ["ledger-app"]])
def test_a_caller_in_the_endpoints_own_project_leaves_it_private(gcp_pilot: Graph, others: list[str]) -> None:
    assert gcp_pilot.placement is not None
    own = gcp_pilot.of(vertex.ENDPOINT)[0].props.text_or_empty("project")
    named = tuple(Caller(name=f"app-{account}", account=account) for account in [own, *others])
    graph = replace(gcp_pilot, placement=replace(gcp_pilot.placement, callers=named))
    path = "privateServiceConnectConfig.projectAllowlists"
    for let_in, excused in (([own, *others], True), ([own, "stranger"], False), (others, False)):
        mutant = changed(graph, graph.of(vertex.ENDPOINT)[0], lambda p, let_in=let_in: put(p, path, let_in))
        found = exceptions.find(mutant, "CKV2_GCP_33", mutant.of(vertex.ENDPOINT)[0])
        assert (found is not None) is excused, let_in


@pytest.mark.parametrize(("platform", "exception"), GIVEN, ids=[f"{e.rule} {e.component}" for _, e in GIVEN])
def test_what_a_landing_zone_gives_is_excused_where_it_is_given_alone(
    organisation: Path, platform: str, exception: DesignException, request: pytest.FixtureRequest
) -> None:
    pilot: Graph = request.getfixturevalue(f"{platform}_pilot")
    resource = [r for r in pilot.resources if exception.is_about(platform, r)][-1]  # the audit bucket is the first
    if exception.holds is aws.trail_into_given_bucket:
        gives = {"logs": "arn:aws:s3:::company-logs"}
        graph = changed(pilot, resource, lambda p: put(p, "s3BucketName", "company-logs"))
        contradicted = changed(pilot, resource, lambda p: put(p, "s3BucketName", "another"))
    else:
        trails = {"aws": "arn:aws:cloudtrail:us-east-1:444455556666:trail/all", "gcp": "organizations/1/sinks/audit"}
        gives = {"trail": trails[platform], "network": NETWORKS[platform]}
        graph = no({"aws": cloudtrail.TRAIL, "gcp": projects.AUDIT_CONFIG}[platform])(pilot, resource)
        contradicted = pilot
    write(organisation, shared=zone(platform, **gives))
    place = graph.placement
    assert place is not None

    def found(graph: Graph, landing_zone: str | None) -> DesignException | None:
        placed = replace(graph, placement=replace(place, landing_zone=landing_zone))
        return exceptions.find(placed, exception.rule, placed.by_urn[resource.urn])

    assert found(graph, "shared") is exception
    assert found(graph, None) is not exception
    assert found(contradicted, "shared") is not exception


def test_the_trust_that_the_mutants_are_made_of_is_excused(aws_pilot: Graph) -> None:
    (approver,) = [r for r in aws_pilot.of(iam.ROLE) if r.name.endswith("-approver")]
    graph = trusts()(aws_pilot, approver)
    assert exceptions.find(graph, "CKV_AWS_61", graph.by_urn[approver.urn]) is not None


@pytest.mark.parametrize("written", ["westus", "West US"])
def test_one_place_is_enough_only_where_a_region_of_azure_has_no_zones(azure_pilot: Graph, written: str) -> None:
    (account,) = azure_pilot.of(storage.ACCOUNT)
    for sku, excused in (("Standard_LRS", True), ("Standard_ZRS", False)):
        graph = changed(azure_pilot, account, lambda p, s=sku: (put(p, "location", written), put(p, "sku.name", s)))
        found = exceptions.find(graph, "CKV_AZURE_206", graph.by_urn[account.urn])
        assert (found is not None) is excused, sku


def test_a_reason_that_cannot_be_read_or_breaks_excuses_nothing(aws_pilot: Graph) -> None:
    (configuration,) = [r for r in aws_pilot.of(sagemaker.CONFIGURATION) if "embedder" in r.name]
    for value in ("text", [["a"]], 7):
        mutant = changed(aws_pilot, configuration, lambda p, v=value: put(p, "productionVariants", v))
        assert exceptions.find(mutant, "CKV_AWS_98", mutant.by_urn[configuration.urn]) is None


@EACH
def test_it_names_a_rule_a_kind_and_a_decision_that_there_are(platform: str, exception: DesignException) -> None:
    assert exception.rule in names.known()
    assert exception.type in kinds(platform)
    record = ROOT / exception.decision
    assert exceptions.decided(exception.decision) is not None
    assert exception.rule in record.read_text(encoding="utf-8")
    assert record.name in (ROOT / "docs/adr/README.md").read_text(encoding="utf-8")
    assert len(exception.reason) > 15


# ---- any name, and nothing else -------------------------------------------------------------------------------------

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,9}){0,5}", fullmatch=True)
OUTER = st.lists(st.sampled_from(["theirs:index:App", "acme:ml:Team"]), max_size=2)
CUT: dict[str, Callable[[str], str]] = {
    "CKV_AZURE_233": lambda whole: compact(whole, 50 - AUTO_NAME),
    "CKV_AZURE_166": lambda whole: compact(whole, 50 - AUTO_NAME),
    "CKV_AZURE_206": lambda whole: compact(whole, 24 - AUTO_NAME),
    "CKV_AZURE_243": lambda whole: short(whole, 33 - AUTO_NAME),
    "CKV_MLP_8": lambda whole: short(whole, 33 - AUTO_NAME),
}


def placed(stack: str, project: str, types: list[str], parent: str, name: str) -> Resource:
    head = f"urn:pulumi:{stack}::{project}"
    urn = f"{head}::{'$'.join(types)}::{name}"
    above = f"{head}::{'$'.join(types[:-1])}::{parent}" if types[:-1] else None
    return Resource(urn=urn, type=types[-1], name=name, custom=True, parent=above)


def tokens(platform: str, exception: DesignException) -> list[str]:
    return [*(f"mlplatform-{platform}:index:{noun}" for noun in exception.component.split("/")), exception.type]


@given(each=st.sampled_from(ALL), stack=NAMES, project=NAMES, parent=NAMES, outer=OUTER)
def test_a_component_is_known_under_any_name_in_any_stack_project_and_parent(
    each: tuple[str, DesignException], stack: str, project: str, parent: str, outer: list[str]
) -> None:
    platform, exception = each
    whole = f"{parent}-{exception.child}" if exception.child else parent
    name = CUT.get(exception.rule, str)(whole)
    types = [*outer, *tokens(platform, exception)]
    assert exception.is_about(platform, placed(stack, project, types, parent, name))


@given(each=st.sampled_from(ALL), parent=NAMES, other=NAMES, change=st.integers(0, 6))
def test_nothing_outside_the_component_and_no_other_child_of_it_is_let_through(
    each: tuple[str, DesignException], parent: str, other: str, change: int
) -> None:
    platform, exception = each
    types = tokens(platform, exception)
    name = CUT.get(exception.rule, str)(f"{parent}-{exception.child}" if exception.child else parent)
    strange = {
        0: placed("s", "p", types, parent, f"{name}-{other}"),
        1: placed("s", "p", types, f"{parent}-{other}", name),
        2: placed("s", "p", [types[-1]], parent, name),
        3: placed("s", "p", ["theirs:index:Network", types[-1]], parent, name),
        4: placed("s", "p", [*types[:-1], "aws:sqs/queue:Queue"], parent, name),
        5: placed("s", "p", [*types[:-1], "theirs:index:App", types[-1]], parent, name),
        6: replace(placed("s", "p", types, parent, name), parent=None),
    }[change]
    assert not exception.is_about(platform, strange)


def test_what_stands_beside_a_component_keeps_its_finding(aws_pilot: Graph) -> None:
    """A group of the same properties, parented to our network, under another name; and one without a parent."""
    (group,) = [r for r in aws_pilot.of(ec2.GROUP) if r.name.endswith("-workloads")]
    beside = replace(group, urn=f"{group.urn}2", name=f"{group.name}2")
    alone = replace(group, urn=group.urn.replace("mlplatform-aws:index:Network$", ""), parent=None)
    assert exceptions.find(aws_pilot, "CKV2_AWS_5", group) is not None
    assert exceptions.find(aws_pilot, "CKV2_AWS_5", beside) is None
    assert exceptions.find(aws_pilot, "CKV2_AWS_5", alone) is None


# ---- on the engine --------------------------------------------------------------------------------------------------


@resource_rule("no-role-at-all", iam.ROLE, severity="high", says="No role.", remedy="Leave it.")
def alone(props: Any) -> Iterator[str]:
    yield "is a role"


@stack_rule("no-role-in-the-stack", iam.ROLE, severity="high", says="No role.", remedy="Leave it.")
def beside_others(graph: Graph, resource: Resource) -> Iterator[str]:
    yield "is a role"


def reported(graph: Graph, rule: Any) -> set[str]:
    """The URNs of what a rule reports on the engine."""
    made, found = engine.on_engine("aws", rule), set[str]()
    if isinstance(made, StackValidationPolicy):
        told = of_stack(graph, [made])
        if any(not one.sentence for one in told):  # pulumi_policy says so of a rule that must wait
            raise UnknownValueError(UNKNOWN, [])
        found |= {one.urn for one in told}
    else:
        assert isinstance(made, ResourceValidationPolicy)
        for item in shown(graph):
            args = args_of(item, graph.by_urn[item.urn].inputs)
            made.validate(args, lambda message, urn=None, of=item.urn: found.add(urn or of))
    return found


@pytest.mark.parametrize("rule", [alone, beside_others], ids=["one resource", "the stack"])
@pytest.mark.parametrize("project", ["mlplatform", "theirs"])
def test_the_engine_knows_exceptions_to_our_rules_in_every_project(
    aws_pilot: Graph, monkeypatch: pytest.MonkeyPatch, rule: Any, project: str
) -> None:
    monkeypatch.setattr(engine, "_sent", {})
    text = aws_pilot.to_json()
    renamed = Graph.from_json(_replaced(text, "::mlplatform::", f"::{project}::"))
    roles = {r.urn for r in renamed.of(iam.ROLE)}
    (approver,) = [urn for urn in roles if urn.endswith("-approver")]
    assert reported(renamed, rule) == roles
    truth: list[bool | NotKnown] = [True]

    def holds(graph: Graph, resource: Resource) -> bool:
        if isinstance(truth[0], NotKnown):
            raise truth[0]
        return truth[0]

    ours = DesignException(rule.name, "Identity", "approver", iam.ROLE, holds, "a reason", "docs/adr/x.md")
    monkeypatch.setattr("policies.exceptions.aws.EXCEPTIONS", (ours,))
    assert reported(renamed, rule) == roles - {approver}
    truth[0] = False
    assert reported(renamed, rule) == roles
    truth[0] = NotKnown("arn", "is not known before up")
    with pytest.raises(UnknownValueError):
        reported(renamed, rule)


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, dict):
        return {_replaced(k, old, new): _replaced(v, old, new) for k, v in value.items()}
    return [_replaced(item, old, new) for item in value] if isinstance(value, list) else value
