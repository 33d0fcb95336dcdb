"""The rules that mean the same on every platform. What differs is in the catalogue's records.

Each rule is written once and made for each platform. The platform's kinds say where tags and keys are, which kinds hold
state, and which machines and images run.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator

from catalogue.graph import Graph, Resource
from catalogue.kind import At, CostsOnly, Holds, Keeps, Keys, Kind, Runs, Serves
from catalogue.kinds import kind_of, kinds
from catalogue.landing_zones import OUR_TAGS as TAGS
from catalogue.machines import Machines
from catalogue.platforms import PLATFORMS, cloud_of, platform_of
from catalogue.properties import Unreadable
from policies import limits, quotas
from policies.rule import Found, Rule, stack_rule, whole_stack_rule

# A whole digest, or a tag other than `latest`, as in the OCI distribution specification.
_TAG = r"(?!latest(@|$))\w[\w.-]{0,127}"
_PINNED = re.compile(rf"[^:@]+(:{_TAG})?@sha256:[0-9a-f]{{64}}|[^:@]+:{_TAG}", re.ASCII | re.IGNORECASE)


def rules(platform: str) -> list[Rule]:
    """The rules of this module for one platform."""
    makers: tuple[Callable[[str], Rule], ...] = (
        _tags,
        _own_key,
        _protected,
        _machine_types,
        _replicas,
        _quota,
        _pinned,
        _regions,
        _retention,
    )
    return [make(platform) for make in makers]


def _with(platform: str, wanted: Callable[[Kind], bool]) -> tuple[str, ...]:
    return tuple(token for token, kind in kinds(platform).items() if wanted(kind))


@whole_stack_rule(
    "kind-known",
    severity="high",
    says="Every resource is of a kind that the catalogue knows; what is not known is judged by nobody.",
    remedy="Add a record for the type to organisation/kinds/ (CONTRIBUTING, 'Add a kind'), or use a known kind.",
    advice_elsewhere=True,
)
def kind_known(graph: Graph) -> Found:
    """In a stack of this program, every type. In another stack, only types of the three clouds, each once."""
    said: set[str] = set()
    for resource in graph.cloud:
        if graph.ours or (cloud_of(resource.type) is not None and resource.type not in said):
            if kind_of(resource.type) is None:
                said.add(resource.type)
                yield resource, f"is of the type {resource.type}, which the catalogue does not know"
            elif graph.ours and graph.platform and platform_of(resource.type) != graph.platform:
                yield resource, f"is of the type {resource.type}, which is of another platform than the stack"


def _tags(platform: str) -> Rule:
    noun = PLATFORMS[platform].tag

    @whole_stack_rule(
        "cost-tags",
        severity="high",
        proof="cost visibility",
        says=f"Everything that can carry {noun}s carries {', '.join(TAGS[:-1])} and {TAGS[-1]}.",
        remedy="Pass the stack's tags to the resource.",
    )
    def tags(graph: Graph) -> Found:
        """Each value is legal on the platform and the same on every resource of the stack."""
        first: dict[str, str] = {}
        for resource in graph.cloud:
            kind = kind_of(resource.type)
            if kind is None or not isinstance(kind.tags, At):
                continue
            given = resource.props.section_or_empty(kind.tags.path)
            for tag in TAGS:
                value = given.text_or_empty(tag)
                if not re.fullmatch(PLATFORMS[platform].tag_value, value):
                    yield resource, f"lacks the {noun} {tag}, or has an illegal value"
                elif first.setdefault(tag, value) != value:
                    yield resource, f"says {tag} is {value}, where the stack says {first[tag]}"

    return tags


def _own_key(platform: str) -> Rule:
    types = _with(platform, lambda kind: isinstance(kind.keys, Keys))

    @stack_rule(
        "encryption-customer-key",
        *types,
        severity="high",
        says="What rests, rests under one of the pilot's own keys.",
        remedy="Pass the encryption component's data key, or its logs key for logs and alerts.",
    )
    def own_key(graph: Graph, resource: Resource) -> Iterator[str]:
        """There is a key at each path where the kind takes one. A key that AWS manages does not count."""
        kind = kind_of(resource.type)
        assert kind is not None and isinstance(kind.keys, Keys)
        for key in kind.keys.at:
            if not key.needed(graph, resource):
                continue
            if not resource.props.is_given_in_each(key.path):
                yield f"has no customer-managed key at {key.path}"
                continue
            for text in resource.props.each_text_if_known(key.path):
                if "alias/aws/" in text or text in ("true", "false") or text.isdigit():
                    yield f"names no key of the pilot at {key.path}: {text}"

    return own_key


def _protected(platform: str) -> Rule:
    types = _with(platform, lambda kind: isinstance(kind.holds, Holds | CostsOnly))

    @stack_rule(
        "audit-state-protected",
        *types,
        severity="high",
        says="What holds state is protected; what only costs money is not.",
        remedy="Set protect=True in the resource's options; take it away only in a change of its own.",
    )
    def protected(graph: Graph, resource: Resource) -> Iterator[str]:
        """State is protected against deletion by mistake. What only costs money must stay deletable."""
        kind = kind_of(resource.type)
        assert kind is not None
        if isinstance(kind.holds, CostsOnly):
            if resource.protect:
                yield "is protected, so it could not be torn down while idle"
        elif not resource.protect:
            yield "holds state and is not protected against deletion"

    return protected


def _machines(graph: Graph, resource: Resource) -> Iterator[Machines]:
    kind = kind_of(resource.type)
    assert kind is not None and isinstance(kind.runs, Runs)
    yield from kind.runs.machines(graph, resource)


def _runners(platform: str) -> tuple[str, ...]:
    return _with(platform, lambda kind: isinstance(kind.runs, Runs))


def _machine_types(platform: str) -> Rule:
    @stack_rule(
        "limits-machine-types",
        *_runners(platform),
        severity="high",
        proof="hardware fit",
        says="Whatever runs, runs only on machine types of the limits, with no more accelerators than the family has.",
        remedy=f"Choose a hardware family of the limits in the stack file, or have the owner add it in {limits.OWN}.",
    )
    def machine_types(graph: Graph, resource: Resource) -> Iterator[str]:
        """Every variant, task and container. Azure takes the names in upper and lower case."""
        allowed = limits.load()["machine-types"].allowed
        known = {name.lower() for name in allowed}
        for machines in _machines(graph, resource):
            if machines.machine_type.lower() not in known:
                yield f"runs on {machines.said}, allowed {', '.join(allowed)}"
            elif quotas.family_of(platform, machines) is None:
                yield f"runs on {machines.said}, which is no family of the catalogue"

    return machine_types


def _replicas(platform: str) -> Rule:
    @stack_rule(
        "limits-replicas",
        *_runners(platform),
        severity="high",
        proof="hardware fit",
        says="Nothing starts with, or grows to, more replicas than the limit.",
        remedy=f"Lower the replicas in the stack file, or have the limit's owner raise it in {limits.OWN}.",
    )
    def replicas(graph: Graph, resource: Resource) -> Iterator[str]:
        """All replicas that one endpoint or job runs at once, in all its parts. Batch jobs have their own limit."""
        known = limits.load()
        for use, total, machines in _at_most(graph, resource):
            limit = known["batch-replicas" if use == "batch" else "replicas-per-endpoint"].number
            if total > limit:
                yield f"may run {total} replicas, allowed {limit:g}"
            for each in machines:
                if not 0 <= each.low <= each.high:
                    yield f"may run from {each.low} to {each.high} replicas of {each.said}"

    return replicas


def _at_most(graph: Graph, resource: Resource) -> Iterator[tuple[str, int, list[Machines]]]:
    by_use: dict[str, list[Machines]] = {}
    for machines in _machines(graph, resource):
        by_use.setdefault(machines.use, []).append(machines)
    for use, machines in by_use.items():
        yield use, sum(each.high for each in machines), machines


def _quota(platform: str) -> Rule:
    @whole_stack_rule(
        "quota-declared",
        *_runners(platform),
        severity="high",
        proof="hardware fit",
        says="What may run at once fits the declared quotas, old and new version of an endpoint counted.",
        remedy=f"Lower the replicas, or ask for the quota and declare it in {limits.OWN}.",
    )
    def quota(graph: Graph) -> Found:
        """How much replicas take of each quota of the catalogue. A quota that nobody declared counts as zero."""
        needed: Counter[str] = Counter()
        unread: list[Unreadable] = []
        for resource in graph.of(*_runners(platform)):
            try:
                for machines in _machines(graph, resource):
                    name, count = quotas.draw(platform, machines)
                    needed[name] += count
            except Unreadable as error:  # what can be read may already exceed the quota
                unread.append(error)
        declared = limits.load().quotas.get(platform, {})
        for name, count in sorted(needed.items()):
            have = declared[name].number if name in declared else 0
            if count > have:
                yield None, f"may need {count} of the quota '{name}', declared {have:g}"
        if unread:
            raise unread[0]

    return quota


def _pinned(platform: str) -> Rule:
    @stack_rule(
        "audit-images-pinned",
        *_with(platform, lambda kind: isinstance(kind.serves, Serves)),
        severity="high",
        says="Every container names the version of its image, so that it is what it was when it was reviewed.",
        remedy="Pin the image's tag or digest in the stack file.",
    )
    def pinned(graph: Graph, resource: Resource) -> Iterator[str]:
        """Every container of the resource names a digest, or a tag other than `latest`."""
        kind = kind_of(resource.type)
        assert kind is not None and isinstance(kind.serves, Serves)
        for image in kind.serves.images(graph, resource):
            if not _PINNED.fullmatch(image.rpartition("/")[2]):
                yield f"names no version of its image ({image})"

    return pinned


def _regions(platform: str) -> Rule:
    @stack_rule(
        "limits-region",
        *_with(platform, lambda kind: isinstance(kind.stands, At)),
        severity="high",
        says="A pilot runs and rests in a region of the limits.",
        remedy=f"Choose a region of the limits in the stack file, or have the limit's owner add it in {limits.OWN}.",
    )
    def regions(graph: Graph, resource: Resource) -> Iterator[str]:
        """Resources that name their own region, and the provider, which names it for all others."""
        kind = kind_of(resource.type)
        assert kind is not None and isinstance(kind.stands, At)
        allowed = limits.load()["regions"].allowed
        places = list(resource.props.each_text(kind.stands.path))
        if resource.is_provider and not places:
            yield f"names no region, allowed {', '.join(allowed)}"
        for region in places:
            if region.lower() not in allowed:  # Cloud Storage and Azure take the name in upper and lower case
                yield f"is in {region}, allowed {', '.join(allowed)}"

    return regions


def _retention(platform: str) -> Rule:
    @stack_rule(
        "limits-retention",
        *_with(platform, lambda kind: isinstance(kind.keeps, Keeps)),
        severity="medium",
        says="Logs and other records expire.",
        remedy="Set the retention to at most the limit.",
    )
    def retention(graph: Graph, resource: Resource) -> Iterator[str]:
        """No retention means for ever."""
        kind = kind_of(resource.type)
        assert kind is not None and isinstance(kind.keeps, Keeps)
        limit = limits.load()["retention-days"].number
        for days in kind.keeps.days(graph, resource):
            if days is None or not 0 < days <= limit:
                yield f"keeps what it takes in for longer than {limit:g} days"

    return retention
