"""What policy documents grant: they are whole, and grant no more than `grants.yaml` and the personas' tasks need."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast

import yaml

from catalogue.graph import Graph, Resource
from catalogue.iam import (
    Condition,
    allows,
    conditions,
    conditions_of,
    matches,
    name_of,
    principals,
    read,
    statements,
)
from catalogue.kinds.aws import ec2, ecr, iam, kms, s3, sagemaker, sfn, sns, studio
from catalogue.kinds.aws.experiments import MLFLOW_APP
from catalogue.kinds.aws.jobs import SCORES, TRAINS, TUNES
from catalogue.marks import is_unknown
from catalogue.once import once_a_resource
from catalogue.properties import Properties
from catalogue.wording import one_line
from policies import given
from policies.aws.documents import is_anybody
from policies.aws.identity import GUARDRAILS, WITHOUT_RESOURCE
from policies.aws.promoted import is_given, texts
from policies.aws.reach import Granted, beyond, known_jobs, lacks
from policies.personas import table
from policies.rule import Found, stack_rule, whole_stack_rule
from policies.world import world

DOCUMENTS: Mapping[str, tuple[str, str]] = {
    iam.POLICY: ("policy", "boundary"),
    iam.ROLE: ("assumeRolePolicy", "trust"),
    iam.ROLE_POLICY: ("policy", "persona"),
    s3.BUCKET_POLICY: ("policy", "bucket"),
    kms.KEY: ("policy", "key"),
    sns.TOPIC_POLICY: ("policy", "topic"),
    sagemaker.PACKAGE_GROUP_POLICY: ("resourcePolicy", "packages"),
    ecr.REPOSITORY_POLICY: ("policy", "repository"),
    ec2.VPC_ENDPOINT: ("policy", "door"),
}
"""Where each type has its document, and of which sort it is."""

_OF_IDENTITIES = ("boundary", "persona")
_GRANTING = ("trust", "topic", "door", "key", "repository")
"""The sorts that are there to let somebody in."""
_DENYING = ("boundary", "bucket", "packages")
"""The sorts that deny: elsewhere a denial takes away what somebody was granted."""
_OF_ONE = ("trust", "repository")
"""The sorts that take no resource, for they speak of the role or the repository that has them:
https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html
"""
_VERSION = "2012-10-17"
_ACTION = re.compile(r"\*|[a-z0-9-]+:[\w*?]+", re.IGNORECASE)
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html"""
_PRINCIPAL = re.compile(r"\*|\d{12}|arn:aws[\w-]*:(iam|sts)::[^:]*:.+|A(ID|RO)A\w+")
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"""
_SERVICE = re.compile(r"[\w.-]+\.(amazonaws\.com(\.cn)?|aws\.internal|api\.aws)")
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services"""
_LAYERS = re.compile(r"arn:aws[\w-]*:s3:::prod-[a-z0-9-]+-starport-layer-bucket/\*")
_FILE = Path(__file__).with_name("grants.yaml")


@cache
def _needed() -> Mapping[str, Any]:
    said: Mapping[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return said


@stack_rule(
    "identity-documents",
    *DOCUMENTS,
    severity="high",
    says="A policy document is whole: of the version that knows variables, with an effect, an action, whom and what in "
    "each statement, and nothing said by its opposite.",
    remedy="Write the statement out: name its actions, its principals and its resources, and give the version "
    f"{_VERSION}.",
)
def documents(graph: Graph, resource: Resource) -> Iterator[str]:
    """Without the version, variables are text: IAM user guide, "IAM JSON policy elements: Version",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
    """
    yield from (sentence for sentence, anywhere in _unwhole(resource) if anywhere or graph.ours)


@once_a_resource
def _unwhole(resource: Resource) -> list[tuple[str, bool]]:
    """What is wrong with a document, and whether it is wrong in a program that is not ours, too."""
    path, sort = DOCUMENTS[resource.type]
    if not resource.props.is_given(path):
        return []
    document = resource.props.document_or_empty(path)
    found = statements(resource.props, path)
    said: list[tuple[str, bool]] = []
    if document.values.get("Version") != _VERSION:
        said.append((f"has a {path} without the version {_VERSION}", True))
    if not found:
        said.append((f"has a {path} without a statement", True))
    only = sort if any(map(allows, found)) else ""  # what denies throughout are guardrails beside a given boundary
    if sort in _GRANTING and not any(map(allows, found)) and found:
        said.append((f"has a {path} that allows nothing", True))
    seen, names = set[str](), set[str]()
    for statement in found:
        name = name_of(statement)
        if (sid := statement.text_or_empty("Sid")) in names:
            said.append((f"has two statements of the name {sid}, which AWS refuses", True))
        if not sid and sort != "trust":
            said.append(("has a statement without a name (Sid), by which findings and waivers speak of it", False))
        names |= {sid} - {""}
        said += [(f"{name} {wrong}", anywhere) for wrong, anywhere in _wrong(statement, sort)]
        if not allows(statement) and only not in ("", *_DENYING):
            said.append((f"{name} denies in a document that grants: guardrails belong into the boundary", False))
        text = json.dumps({key: one for key, one in statement.values.items() if key != "Sid"}, sort_keys=True)
        if text in seen:
            said.append((f"{name} says again what a statement before it says", True))
        seen.add(text)
    return said


def _wrong(statement: Properties, sort: str) -> Iterator[tuple[str, bool]]:
    effect = statement.values.get("Effect")
    if effect not in ("Allow", "Deny"):
        yield "has neither the effect Allow nor Deny", True
    for key in ("Action", "Resource", "Principal"):
        other = f"Not{key}"
        if other in statement:
            # A deny of all but some is as wide as it can be: which may be left out, identity-guardrails says.
            if not (effect == "Deny" and key == "Resource" and sort in _OF_IDENTITIES):
                yield f"speaks by {other} of everything but a list", effect == "Allow"
            continue
        wanted = {"Action": True, "Resource": sort not in _OF_ONE, "Principal": sort not in _OF_IDENTITIES}[key]
        if wanted and statement.values.get(key) in (None, [], {}, ""):
            yield f"has no {key}", True
        if not wanted and key in statement:
            yield f"has a {key}, which a document of its sort does not take", True
    yield from ((wrong, True) for wrong in _words(statement))
    if sort == "trust" and effect == "Allow" and not any(map(_taking, statement.each_text("Action"))):
        yield "lets nobody take the role: it does not allow sts:AssumeRole", True
    named = statement.values.get("Resource", ())
    for text in [named] if isinstance(named, str) else cast("list[object]", named) if isinstance(named, list) else []:
        if isinstance(text, str) and not text.startswith("arn:") and text != "*" and not is_unknown(text):
            yield f"speaks of {one_line(text)}, which is no ARN", True
    if any(not names for names in principals(statement).values()):
        yield "names nobody under its Principal", True
    if effect == "Deny" and sort in ("bucket", "packages") and not conditions(statement):
        yield "denies without a condition, and locks its own account out", True


def _words(statement: Properties) -> Iterator[str]:
    """The actions and the principals that are none, by their form."""
    for action in (*statement.each_text("Action"), *statement.each_text("NotAction")):
        if not _ACTION.fullmatch(action) and not is_unknown(action):
            yield f"speaks of {one_line(action)}, which is no action of any service"
    for who in principals(statement).get("AWS", ()):
        if not _PRINCIPAL.fullmatch(who) and not is_unknown(who):
            yield f"names {one_line(who)}, which is no account, role or user"
    for who in principals(statement).get("Service", ()):
        if not _SERVICE.fullmatch(who) and not is_unknown(who):
            yield f"names {one_line(who)}, which is no service of AWS"


def _taking(action: str) -> bool:
    """Whether an action lets a role be taken, by whatever way of signing in, or is a wildcard that has one."""
    return action == "*" or action.lower().startswith(("sts:assumerole", "sts:*"))


@stack_rule(
    "identity-resource-policies",
    s3.BUCKET_POLICY,
    kms.KEY,
    sns.TOPIC_POLICY,
    sagemaker.PACKAGE_GROUP_POLICY,
    ecr.REPOSITORY_POLICY,
    ec2.VPC_ENDPOINT,
    severity="critical",
    says="A policy of a resource lets in nobody but the stack's own account, services by name, and whoever the stack "
    "file gives versions to; it speaks of its own resource.",
    remedy="Name the principal; or bind the statement to the account by aws:PrincipalAccount and aws:ResourceAccount.",
)
def resource_policies(graph: Graph, resource: Resource) -> Iterator[str]:
    """Whoever is meant by `*` must be bound to an account. AWS's own layers of images are open to all.

    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    """
    path, sort = DOCUMENTS[resource.type]
    for statement in statements(resource.props, path):
        name, bound = name_of(statement), conditions(statement)
        accounts = {key.lower() for operator, key in bound if operator in ("StringEquals", "ArnEquals", "ArnLike")}
        resources = list(statement.each_text("Resource"))
        if allows(statement) and is_anybody(principals(statement)):
            layers = bool(resources) and all(_LAYERS.fullmatch(one) for one in resources)
            if not (layers and list(statement.each_text("Action")) == ["s3:GetObject"]):
                lacking = {"aws:principalaccount", "aws:resourceaccount"} - accounts
                if sort != "door" or lacking:
                    yield f"{name} lets in anybody, of any account"
        if sort in ("bucket", "topic", "packages") and any(one in ("*", "") for one in resources):
            yield f"{name} speaks of every resource, and not of its own"
        for one in _of_another(resource, sort, resources):
            yield f"{name} speaks of {one}, which is not its own"
        if sort in ("packages", "repository") and allows(statement) and not is_given(graph, resource, statement):
            yield f"{name} lets somebody in beside the roles of the stack"


def _of_another(resource: Resource, sort: str, resources: Sequence[str]) -> list[str]:
    """The ARNs of a bucket's or a topic's policy that are not of what the policy is put on, where that is known."""
    own = resource.props.text_if_known({"bucket": "bucket", "topic": "arn"}.get(sort, "")) if sort in _ON_ONE else ""
    known = [one.partition(":::")[2].partition("/")[0] if sort == "bucket" else one for one in resources]
    named = own.rpartition(":::")[2]
    return [one for one, of in zip(resources, known, strict=True) if own and one not in ("*", "") and of != named]


_ON_ONE = ("bucket", "topic")


@whole_stack_rule(
    "identity-permissions",
    severity="high",
    says="Each persona is granted what its tasks take, on the places that they are on, and no more; so are services, "
    "and whoever a resource's policy names.",
    remedy="Take the action, or the resource, out of the statement; or add the task to policies/personas/aws.yaml, "
    "with who does it and the page that says which calls it takes.",
    advice_elsewhere=True,
)
def permissions(graph: Graph) -> Found:
    """By the tasks of `policies/personas/aws.yaml` and the lists of `grants.yaml`, so that whoever escalates, passes
    roles on or reads secrets is found because nobody listed it. In another program a role is no persona, and all
    personas' actions count; each action is said once.
    """
    said = set[str]()
    for resource in graph.of(*DOCUMENTS):
        sort = DOCUMENTS[resource.type][1]
        persona = _persona(graph, resource) if graph.ours and sort == "persona" else ""
        for written, statement in _granted(resource):
            if is_given(graph, resource, written):
                continue
            of = "persona" if written.at.startswith("inlinePolicies") else sort
            for action in _untaken(of, persona, statement.actions):
                if graph.ours or action not in said:
                    said.add(action)
                    yield resource, f"{statement.name} grants {action}, which no task of it takes"
            if graph.ours and sort == "persona" and world(graph).account:
                for action, arn in beyond(graph, persona, statement):
                    yield resource, f"{statement.name} grants {action} on {arn}, where no task of it takes it"


@once_a_resource
def _granted(resource: Resource) -> list[tuple[Properties, Granted]]:
    """What the document of a resource allows, as it is written and as it is read, and what the policies do that stand
    in line in a role."""
    holders = [(resource.props, DOCUMENTS[resource.type][0])]
    holders += [(inline, "policy") for inline in resource.props.each_section("inlinePolicies")]
    return [
        (
            statement,
            Granted(
                name_of(statement),
                tuple(statement.each_text("Action")),
                tuple(statement.each_text("Resource")),
                tuple(statement.section_or_empty("Condition.StringLike").each_text("s3:prefix")),
            ),
        )
        for holder, path in holders
        for statement in filter(allows, statements(holder, path))
    ]


@lru_cache(maxsize=1024)
def _untaken(sort: str, persona: str, actions: Sequence[str]) -> Sequence[str]:
    """Those of the actions that nothing takes which a document of a sort, of a persona, is there for."""
    return [action for action in actions if action.lower() not in _taken(sort, persona)]


@cache
def _taken(sort: str, persona: str) -> frozenset[str]:
    """The actions, in lower case, that what a document of a sort is there for takes; without a persona, of them all."""
    if sort not in _OF_IDENTITIES:
        listed: Sequence[str] = _needed()["actions"][sort]
        return frozenset(map(str.lower, listed))
    return frozenset(
        do.lower()
        for task in table("aws").tasks
        if "deployer" not in task.who and (not persona or persona in task.who | task.also)
        for calls in task.calls
        for do in calls.do
    )


def _persona(graph: Graph, policy: Resource) -> str:
    """The persona of the role that a policy is of, by the end of the role's name; a caller's of the stack file."""
    role = next(iter(graph.refers(policy, "role", iam.ROLE)), None)
    name = (role.name if role else "").rpartition("-identity-")[2]
    return name if name in table("aws").taken_by else "caller" if name.startswith("calls-") else ""


@stack_rule(
    "identity-conditions",
    *DOCUMENTS,
    severity="high",
    says="A condition asks what somebody has judged, and lets pass values of the stack's own alone; services that a "
    "document names are those that need it.",
    remedy="Give the condition the operator and the value that keep the grant to the stack; or list key and value, or "
    "the service, in "
    "policies/aws/grants.yaml.",
)
def condition_values(graph: Graph, resource: Resource) -> Iterator[str]:
    """Only in a stack of ours, whose account, region and name its file says. Keys know no case.

    A condition of an allow is asked what it admits, with the key left out, too:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    ours = world(graph)
    if not ours.account:
        return
    _, sort = DOCUMENTS[resource.type]
    words = {"account": ours.account, "region": re.escape(ours.region), "stack": _named(graph)}
    services = [one.format(**words).replace("\\", "") for one in _needed()["services"].get(sort, ())]
    for name, allowing, named, asked, lacking in _asked(resource):
        for service in named:
            if service not in services:
                yield f"{name} names the service {service}, which nobody needs there"
        for condition in asked:
            if not {*condition.values} or not {*condition.values} <= texts(graph):  # registry-shared judges those
                yield from (f"{name} {wrong}" for wrong in _unjudged(condition, allowing, words))
        for service, needed in _let_in(named, asked) if sort == "bucket" else ():
            yield f"{name} lets {service} in without the condition {needed}"
        for action, needed in lacking if sort in ("persona", "key") else ():
            yield f"{name} grants {action} without the condition {needed}"
    if sort == "persona":
        for _, statement in _granted(resource):
            needless = sorted({*statement.actions} - WITHOUT_RESOURCE)
            if needless and "*" in statement.resources:
                yield f"{statement.name} grants {needless[0]} on every resource, for all its condition"


def _unjudged(condition: Condition, allowing: bool, words: Mapping[str, str]) -> Iterator[str]:
    """What a condition says that is not the stack's, and, where it allows, what it lets pass beside."""
    key = condition.key
    pattern = _needed()["nulls" if condition.is_null else "conditions"].get(key.lower())
    if pattern is None:
        yield f"asks {'whether there is' if condition.is_null else 'for'} {key}, which nobody has judged"
        return
    own = _compiled(pattern.format(**words))
    foreign = [value for value in condition.values or [""] if not own.fullmatch(value)]
    if foreign:
        yield f"asks for {key} {foreign[0]}, which is not the stack's"
    elif allowing and not condition.is_null and (passes := condition.beyond(own)):
        yield f"asks for {key} by {condition.operator}, which lets pass {passes}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _let_in(services: Sequence[str], asked: Sequence[Condition]) -> Iterator[tuple[str, str]]:
    """Each service of a statement, with the conditions that AWS's own page gives it and that the statement lacks."""
    bound = {one.key.lower() for one in asked}
    for service in services:
        yield from ((service, key) for key in _needed()["bound_services"].get(service, ()) if key.lower() not in bound)


@once_a_resource
def _asked(resource: Resource) -> list[tuple[str, bool, list[str], list[Condition], list[tuple[str, str]]]]:
    """Of each statement of a document: its name, whether it allows, its services, its conditions, and those it lacks.

    Where two conditions speak of one key, each must hold, so that each is judged by itself.
    """
    found: list[tuple[str, bool, list[str], list[Condition], list[tuple[str, str]]]] = []
    for statement in statements(resource.props, DOCUMENTS[resource.type][0]):
        asked, allowing = conditions_of(statement), allows(statement)
        bound = {one.key.lower() for one in asked}
        needed = [(act, _needed()["bound"].get(act)) for act in (statement.each_text("Action") if allowing else ())]
        lacking = [(act, key) for act, key in needed if key is not None and key.lower() not in bound]
        services = list(principals(statement).get("Service", ()))
        found.append((name_of(statement), allowing, services, asked, lacking))
    return found


def _named(graph: Graph) -> str:
    """The stack's name, with its landing zone's prefix where it has one: its tags have either."""
    zone = given.zone(graph)
    return f"({re.escape(zone.name_prefix)})?{re.escape(graph.stack)}" if zone else re.escape(graph.stack)


def _has(graph: Graph, about: str) -> bool:
    """Whether the stack has what a task is about. A state machine is of a batch job or of a training job, and a
    pipeline has steps of some sort."""
    if about in _STEPS:
        return any(job.action == _STEPS[about] for one in graph.of(sfn.PIPELINE) for job in known_jobs(graph, one))
    if about in _RUNS:
        return any(_RUNS[about] in one.props.text_if_known("definition") for one in graph.of(sfn.STATE_MACHINE))
    return bool(graph.of(_ABOUT.get(about, "")))


_RUNS = {
    "state-machines": SCORES,
    "training-machines": "AlgorithmSpecification",
    "plain-machines": "createTrainingJob",
    "tuning-machines": "createHyperParameterTuningJob",
    "recorded-machines": "MLFLOW_TRACKING_URI",
}
_STEPS = {"training-pipelines": TRAINS, "searching-pipelines": TUNES, "scoring-pipelines": SCORES}
_ABOUT = {
    "": iam.ROLE,
    "domain": studio.DOMAIN,
    "endpoints": sagemaker.ENDPOINT,
    "experiments": MLFLOW_APP,
    "package-groups": sagemaker.PACKAGE_GROUP,
    "pipelines": sfn.PIPELINE,
}
"""What a stack has where a task is about a word of the persona table; the tasks on other words are not held here."""


@stack_rule(
    "identity-tasks",
    iam.ROLE,
    iam.POLICY,
    severity="medium",
    proof="workflow speed",
    says="Each persona is granted every action that its tasks take, by its own policy and by its boundary.",
    remedy="Grant the action in components/aws/statements.py; or take the task from the persona in "
    "policies/personas/aws.yaml.",
)
def tasks(graph: Graph, role: Resource) -> Iterator[str]:
    """By name of action, and by what it is granted on where that has a name; the tests of the persona table ask IAM's
    own logic of each call. Another program's roles are no personas. What a policy grants and the boundary leaves out is
    found too: the one or the other is a mistake.
    """
    persona = role.name.rpartition("-identity-")[2]
    if graph.ours and role.type == iam.POLICY:
        yield from _nobodys(graph, role)
        yield from _takes_away(graph, role)
    if not graph.ours or graph.placement is None or persona not in table("aws").taken_by:
        return
    needed = {
        do.lower(): task.says
        for task in table("aws").tasks
        if persona in task.who and _has(graph, task.about)
        for calls in task.calls
        for do in calls.do
    }
    bounds = graph.refers(role, "permissionsBoundary", iam.POLICY)
    held = [role, *graph.referring(iam.ROLE_POLICY, "role", role)]
    for who, resources in (("its own policy", held), ("its boundary", bounds)):
        granted = {action.lower() for one in resources for action in _actions(one)}
        if resources and (lacking := sorted(needed.keys() - granted)):
            yield f"cannot {needed[lacking[0]]}: {who} does not grant {lacking[0]}"
    yield from _elsewhere(graph, persona, held)
    own = {action.lower() for one in held for action in _actions(one)}
    if bounds and (idle := sorted(own - {action.lower() for one in bounds for action in _actions(one)})):
        yield f"is granted {idle[0]}, which its boundary does not allow, so that the grant is worth nothing"


def _elsewhere(graph: Graph, persona: str, held: Sequence[Resource]) -> Iterator[str]:
    """An action that a task takes and that is granted on other things alone: tagging is one action of every job."""
    on: dict[str, set[str]] = {}
    for one in held:
        for _, statement in _granted(one):
            for action in statement.actions:
                on.setdefault(action.lower(), set()).update(statement.resources)
    for task in table("aws").tasks:
        if persona not in task.who or not _has(graph, task.about):
            continue
        for calls in task.calls:
            elsewhere = (do for do in calls.do if do.lower() in on and lacks(graph, calls.at, on[do.lower()]))
            if do := next(elsewhere, None):
                yield f"cannot {task.says}: its own policy grants {do} on other things alone"


def _nobodys(graph: Graph, boundary: Resource) -> Iterator[str]:
    """What a boundary allows and none of the roles in it is granted: it is what somebody may be granted unseen."""
    roles = graph.referring(iam.ROLE, "permissionsBoundary", boundary)
    granted = _held(graph, boundary)
    for action in sorted(set(_actions(boundary)) if roles else ()):
        if action.lower() not in granted:
            yield f"allows {action}, which none of its {len(roles)} roles is granted"


def _held(graph: Graph, boundary: Resource) -> set[str]:
    """The actions that the roles in a boundary are granted, in lower case."""
    roles = graph.referring(iam.ROLE, "permissionsBoundary", boundary)
    held = [one for role in roles for one in (role, *graph.referring(iam.ROLE_POLICY, "role", role))]
    return {action.lower() for one in held for action in _actions(one)}


def _takes_away(graph: Graph, boundary: Resource) -> Iterator[str]:
    """What a boundary denies of all that its roles are granted, beside the actions that the guardrail of that condition
    is on. A call that brings no key of SageMaker's meets every condition that asks whether one lacks.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    """
    granted = sorted(_held(graph, boundary))
    for denial in (one for one in read(boundary.props, "policy") if not one.allows):
        asked = {(each.operator, each.key) for each in denial.conditions}
        meant = [one for actions, operator, key in GUARDRAILS.values() if (operator, key) in asked for one in actions]
        for action in granted:
            if denial.speaks_of(action) and not any(matches(one.lower(), action, {}) for one in meant):
                yield f"denies {action} where no guardrail does, and its roles are granted it"
                break


@once_a_resource
def _actions(resource: Resource) -> list[str]:
    """The actions that a policy allows, or the policies that stand in line in a role: its trust is none of them."""
    holders = [resource.props] if resource.type != iam.ROLE else resource.props.each_section("inlinePolicies")
    allowing = [one for holder in holders for one in statements(holder, "policy") if allows(one)]
    return [action for statement in allowing for action in statement.each_text("Action")]


RULES = [documents, resource_policies, permissions, condition_values, tasks]
