"""The rules that mean the same on every platform. What differs is in the catalogue's records.

Each rule is written once and made for each platform. The platform's kinds say where tags and keys are, which kinds hold
state, and which machines and images run.
"""

import re
from collections.abc import Callable, Iterator
from typing import cast

from catalogue import guards, org_policies, quotas
from catalogue.behaviour import Behaviour
from catalogue.generated import generated
from catalogue.graph import Graph, Resource
from catalogue.kind import Acts, At, CostsOnly, Guarded, Holds, Keeps, Keys, Kind, Personal, Serves
from catalogue.kinds import having, kind_of, kinds
from catalogue.landing_zones import OUR_TAGS as TAGS
from catalogue.platforms import PLATFORMS, Platform, cloud_of, platform_of
from catalogue.wording import close, counted, one_line
from policies import given, limits
from policies.rule import KEPT_FOR_EVER, NOT_READ, Found, Rule, named_places, stack_rule, whole_stack_rule
from policies.standing import at_most, drawing, drawn, machines_of, runners

# A whole digest, or a tag other than `latest`, as in the OCI distribution specification.
_TAG = r"(?!latest(@|$))\w[\w.-]{0,127}"
_PINNED = re.compile(rf"[^:@]+(:{_TAG})?@sha256:[0-9a-f]{{64}}|[^:@]+:{_TAG}", re.ASCII | re.IGNORECASE)

_KMS_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:(?P<aws>\d{12}):|projects/(?P<gcp>[a-z][^/]*)/locations/")

VARIABLE_BYTES = 128 * 1024


def rules(platform: str) -> list[Rule]:
    """The rules of this module for one platform."""
    makers: tuple[Callable[[str], Rule], ...] = (
        _tags,
        _own_key,
        _protected,
        _machine_types,
        _replicas,
        _quota,
        _quota_undeclared,
        _pinned,
        _registries,
        _names,
        _config,
        _regions,
        _retention,
        _unread,
        _locations,
        _org_tags,
    )
    return [make(platform) for make in makers]


_RUN_CODE = ("command:", "docker:", "docker-build:", "pulumi-nodejs:dynamic", "pulumi-python:dynamic")
_MAKE_NOTHING = ("pulumi:", "random:", "std:", "time:")


@whole_stack_rule(
    "kind-known",
    severity="high",
    says="Every resource is of a kind that the catalogue knows; what is not known is judged by nobody.",
    remedy="Add a record for the type to organisation/kinds/ (CONTRIBUTING, 'Add a kind'), or use a known kind.",
    advice_elsewhere=True,
    never_waived=NOT_READ,
)
def kind_known(graph: Graph) -> Found:
    """In a stack of this program, every type; in another each once, with all that are of it, and one of each package
    that is no cloud's, such as one that runs code (https://www.pulumi.com/registry/packages/command/).
    """
    alike: dict[str, list[Resource]] = {}
    for resource in graph.cloud:
        type_ = resource.type
        if graph.ours and kind_of(type_) is not None and graph.platform and platform_of(type_) != graph.platform:
            yield resource, f"is of the type {type_}, which is of another platform than the stack"
        elif kind_of(type_) is None and (graph.ours or not type_.startswith(_MAKE_NOTHING)):
            apart = resource.urn if graph.ours else type_ if cloud_of(type_) else type_.split(":")[0]
            alike.setdefault(apart, []).append(resource)
    for one, *beside in alike.values():
        says = f"is of the type {one.type}, which the catalogue does not know"
        if not graph.ours and one.type.startswith(_RUN_CODE):
            says = f"is a {one.type}: it runs code where the program is deployed, which no rule reads"
        yield one, says + (f"; beside it {', '.join(other.name for other in beside)}" if beside else "")


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
        """Each value is legal on the platform and the same on every resource. A landing zone gives more of them."""
        first: dict[str, str] = {}
        for resource in graph.cloud:
            kind = kind_of(resource.type)
            if kind is None or not isinstance(kind.tags, At):
                continue
            said = resource.props.section_or_empty(kind.tags.path)
            yield from ((resource, f"lacks the {noun} {one}") for one in given.tags_lacking(graph, said))
            for tag in TAGS:
                value = said.text_or_empty(tag)
                if not re.fullmatch(PLATFORMS[platform].tag_value, value):
                    yield resource, f"lacks the {noun} {tag}, or has an illegal value"
                elif first.setdefault(tag, value) != value:
                    yield resource, f"says {tag} is {value}, where the stack says {first[tag]}"

    return tags


def _own_key(platform: str) -> Rule:
    types = having(platform, lambda kind: isinstance(kind.keys, Keys))

    @stack_rule(
        "encryption-customer-key",
        *types,
        severity="high",
        says="What rests, rests under one of the pilot's own keys.",
        remedy="Pass the encryption component's data key, or its logs key for logs and alerts.",
        never_waived=KEPT_FOR_EVER,
    )
    def own_key(graph: Graph, resource: Resource) -> Iterator[str]:
        """There is a key at each path where the kind takes one. A key that AWS manages does not count.

        Nor does one of an account that neither the stack file nor its landing zone names: its owner reads what rests
        under it, and takes it away.
        """
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
                elif owner := _another(graph, text):
                    yield f"has a key of {owner} at {key.path}, which is neither the stack's nor its landing zone's"

    return own_key


def _another(graph: Graph, key: str) -> str:
    """The account or project of a KMS key where it is another than the stack's; empty where it is the stack's own.

    What is no stack of ours names no account, and the address of a key on Azure names a vault and no subscription.
    """
    at = _KMS_KEY.match(key)
    if at is None or graph.placement is None:
        return ""
    owner, zone = at["aws"] or at["gcp"], given.zone(graph)
    kept = zone.keys.model_dump().values() if zone is not None and zone.keys is not None else ()
    return "" if owner == graph.placement.account or key in kept else owner


def _protected(platform: str) -> Rule:
    guarding = {
        type_ for kind in kinds(platform).values() if isinstance(kind.guarded, Guarded) for type_ in kind.guarded.by
    }
    types = having(
        platform, lambda kind: isinstance(kind.holds, Holds | CostsOnly | Personal) or kind.token in guarding
    )

    @stack_rule(
        "audit-state-protected",
        *types,
        severity="high",
        says="What holds state is protected, with what guards it; what only costs money is not.",
        remedy="Set protect=True in the resource's options; take it away only in a change of its own.",
    )
    def protected(graph: Graph, resource: Resource) -> Iterator[str]:
        """State is protected against deletion by mistake, and so is what guards it. A person's own is state. What only
        costs money must stay deletable, and be gone then; the engine shows no rule the option for that
        (https://www.pulumi.com/docs/iac/concepts/options/retainondelete/).
        """
        kind = kind_of(resource.type)
        assert kind is not None
        if isinstance(kind.holds, CostsOnly | Personal) and not guards.is_state(resource):
            if resource.protect:
                yield "is protected, so it could not be torn down while idle"
            if resource.options.get("retainOnDelete"):
                yield "stays in the cloud, and on its bill, after it is deleted here (retainOnDelete)"
        elif guards.is_state(resource):
            guard = isinstance(kind.holds, Holds) and kind.holds.what == "guard"
            guarded = guards.guarded_by(graph, resource) if guard else []
            if guarded and not any(other.protect for other in guarded):
                return  # what it guards is unprotected, and that is said of it
            if not resource.protect:
                yield f"{'guards' if guard else 'holds'} state and is not protected against deletion"
        elif not resource.protect:
            for other in guards.guarded_by(graph, resource):
                if other.protect:
                    yield f"guards {other.name}, which is protected, and is not protected itself"

    return protected


def _machine_types(platform: str) -> Rule:
    @stack_rule(
        "limits-machine-types",
        *runners(platform),
        severity="high",
        proof="hardware fit",
        says="Whatever runs, runs only on machine types of the limits, with no more accelerators than the family has.",
        remedy=f"Choose a hardware family of the limits in the stack file, or have the owner add it in {limits.OWN}.",
    )
    def machine_types(graph: Graph, resource: Resource) -> Iterator[str]:
        """Every variant, task and container. Azure takes the names in upper and lower case.

        A serverless endpoint of SageMaker takes neither a VPC nor network isolation: "Feature exclusions",
        https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
        """
        limit = limits.of(graph)["machine-types"]
        for machines in machines_of(graph, resource):
            if machines.serverless:
                yield f"is {machines.said}: on no machine type, and in no private network, whatever the limits say"
            elif not limit.allows(machines.machine_type):
                yield f"runs on {machines.said}, allowed {limit.said}"
            elif quotas.family_of(platform, machines) is None:
                yield f"runs on {machines.said}, which is no family of the catalogue"

    return machine_types


def _replicas(platform: str) -> Rule:
    @stack_rule(
        "limits-replicas",
        *runners(platform),
        severity="high",
        proof="hardware fit",
        says="Nothing grows beyond the limit of replicas, and an online endpoint keeps as many as are asked for.",
        remedy=f"Change the replicas in the stack file, or have the limit's owner change it in {limits.OWN}.",
    )
    def replicas(graph: Graph, resource: Resource) -> Iterator[str]:
        """All replicas that one endpoint or job runs at once, in all its parts; what launches its steps is none. Batch
        jobs have their own limit.

        One replica is no answer while its machine is replaced: AWS advises two or more instances in different zones
        (https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-best-practices.html).
        """
        known = limits.of(graph)
        for use, total, machines in at_most(graph, resource):
            limit = known["batch-replicas" if use == "batch" else "replicas-per-endpoint"].number
            if total > limit:
                yield f"may run {counted(total, 'replica')}, allowed {limit:g}"
            kept, floor = sum(each.low for each in machines), known["replicas-at-least"].number
            if use == "online" and kept < floor and not all(each.serverless for each in machines):
                yield f"keeps {counted(kept, 'replica')}, at least {floor:g} asked for"
            for each in machines:
                if not 0 <= each.low <= each.high:
                    yield f"may run from {each.low} to {each.high} replicas of {each.said}"

    return replicas


def _quota(platform: str) -> Rule:
    @whole_stack_rule(
        "quota-declared",
        *drawing(platform),
        severity="high",
        proof="hardware fit",
        says="What may run at once fits the declared quotas, old and new version of an endpoint counted.",
        remedy=f"Lower the replicas, or ask for more of the quota and declare what was granted in {limits.OWN}.",
    )
    def quota(graph: Graph) -> Found:
        """How much replicas take of each quota that somebody declared for the account and region.

        The finding is on the resource that takes most of it. `quota-undeclared` has the quotas that nobody declared.
        """
        needed, unread = drawn(platform, graph)
        declared = limits.of(graph).quotas
        for name, (count, most) in needed.items():
            if name in declared and count > declared[name].number:
                yield most, f"and what shares it may need {count} of the quota '{name}', declared {declared[name].said}"
        if unread:
            raise unread[0]

    return quota


def _quota_undeclared(platform: str) -> Rule:
    @whole_stack_rule(
        "quota-undeclared",
        *drawing(platform),
        severity="medium",
        mandatory=False,
        says="Every quota that the machines draw on is declared for the account and region.",
        remedy="Ask for the quota, and write what was granted where the finding says, as organisation/README.md shows.",
    )
    def undeclared(graph: Graph) -> Found:
        """What nobody declared is not known to be enough: the proof `hardware fit` is `not yet` until it is.

        It is advice, in every environment: no key of a stack file mends it, and the cloud itself refuses what exceeds a
        quota, before it bills.
        """
        needed, _ = drawn(platform, graph)  # quota-declared says what cannot be read
        declared = limits.of(graph).quotas
        for name, (count, most) in needed.items():
            if name not in declared:
                where = limits.where_declared(platform, graph.placement)
                said = f"draws on the quota '{name}', which nobody declared: ask for {count}, and write it in {where}"
                slip = close(name, [other for other in declared if other not in needed])
                yield most, f"{said}; '{slip}' is declared, on which nothing draws" if slip else said

    return undeclared


def _pinned(platform: str) -> Rule:
    @stack_rule(
        "audit-images-pinned",
        *having(platform, lambda kind: isinstance(kind.serves, Serves)),
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


def _registries(platform: str) -> Rule:
    record = PLATFORMS[platform]

    @stack_rule(
        "identity-registries",
        *having(platform, lambda kind: isinstance(kind.serves, Serves)),
        severity="high",
        says="Every image is of the stack's own account, of the platform's maker, or of a registry that the stack file "
        "names with who grants the pull.",
        remedy="In the stack file, name the registry under sources, with its account and who lets the stack in; or "
        "push a copy of the image into a registry of the stack's own account, and name that one.",
        stack_key="sources",
    )
    def registries(graph: Graph, resource: Resource) -> Iterator[str]:
        """A pull from another account needs a grant there, which no program of this account can make or see.

        On Azure the name of a registry tells no account, so the stack's own is the one of its workspace. Images of AWS,
        of Google and of Microsoft are open to every account. A registry of another host, such as Docker Hub, is
        nobody's here, whoever's program it is. SageMaker and Vertex AI pull from their platform's own registries alone:
        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html and
        https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements.
        """
        kind = kind_of(resource.type)
        assert kind is not None and isinstance(kind.serves, Serves)
        for image in kind.serves.images(graph, resource):
            of = re.fullmatch(record.registry, image)
            if of is None:
                if image:
                    yield f"pulls {image}, which is in no registry of the platform's: whoever owns it changes what runs"
            elif not _may_pull(graph, of["place"], of.groupdict().get("owner")):
                yield f"pulls from {of['place']}, and nothing says who lets the stack in ({image}){_instead(graph)}"

    return registries


def _may_pull(graph: Graph, place: str, owner: str | None) -> bool:
    if graph.placement is None:  # whose account it is, nobody says
        return True
    record = PLATFORMS[cast(Platform, graph.platform)]
    maker = {*record.open_registries, *generated(record.name).registries}
    known = {graph.placement.account, *named_places(graph), *maker}
    if place in known or owner in known or record.name != "azure":
        return place in known or owner in known
    from policies.azure import reading  # a stack elsewhere is judged without the rules of Azure

    return any(reading.is_at(own, place) for own in reading.own_registries(graph))


def _instead(graph: Graph) -> str:
    if graph.platform != "azure":
        return ""
    from policies.azure import reading  # as above

    return "".join(f"; the stack's own registry is {one}" for one in reading.own_addresses(graph))


def _behaviour(kind: Kind) -> Behaviour | None:
    return kind.acts.behaviour if isinstance(kind.acts, Acts) and kind.acts.behaviour.pattern else None


def _names(platform: str) -> Rule:
    @stack_rule(
        "sizes-name",
        *having(platform, lambda kind: _behaviour(kind) is not None),
        severity="high",
        says="Every resource has a name that its service takes: no longer, and of no other letters.",
        remedy="Give it another name; names of this program are made of the stack's, and of those in the stack file.",
    )
    def names(graph: Graph, resource: Resource) -> Iterator[str]:
        """By the pattern in the kind's record, which has its source. A name that Pulumi makes up is judged once it is
        known: it is eight characters longer than the resource's own.
        """
        kind = kind_of(resource.type)
        behaviour = _behaviour(kind) if kind else None
        assert behaviour is not None
        name = resource.props.text_if_known(behaviour.name)
        if name and not re.fullmatch(behaviour.pattern, name):
            found = f"{one_line(name)!r} as its {behaviour.name}, of {len(name)} characters"
            yield f"has {found}, and {platform} takes {behaviour.pattern}"

    return names


def _config(platform: str) -> Rule:
    @whole_stack_rule(
        "sizes-config",
        severity="high",
        says=f"What a stack file says fits into the {VARIABLE_BYTES:,} bytes of the variable that hands it on.",
        remedy="Say less in the stack file: shorter names and folders of models, endpoints and batch_jobs; or make two "
        "stacks of it.",
    )
    def config(graph: Graph) -> Found:
        """The engine hands it to the program in PULUMI_CONFIG, and Linux starts no process with a longer variable:
        execve(2), https://man7.org/linux/man-pages/man2/execve.2.html (MAX_ARG_STRLEN).
        """
        if graph.placement is not None and (size := graph.placement.config_bytes) > VARIABLE_BYTES:
            yield None, f"its file is {size:,} bytes as the engine hands it on, and Linux takes {VARIABLE_BYTES:,}"

    return config


def _regions(platform: str) -> Rule:
    @stack_rule(
        "limits-region",
        *having(platform, lambda kind: isinstance(kind.stands, At)),
        severity="high",
        says="A stack runs and rests in the region of its file, and that is a region of the limits.",
        remedy=f"Choose a region of the limits in the stack file, or have the limit's owner add it in {limits.OWN}.",
        stack_key="region",
    )
    def regions(graph: Graph, resource: Resource) -> Iterator[str]:
        """Resources that name their own region, and the provider, which names it for all others."""
        kind = kind_of(resource.type)
        assert kind is not None and isinstance(kind.stands, At)
        places = list(resource.props.each_text(kind.stands.path))
        if resource.is_provider and not places:
            yield f"names no region, allowed {limits.of(graph)['regions'].said}"
        for region in places:
            yield from limits.outside(graph, region)

    return regions


def _retention(platform: str) -> Rule:
    @stack_rule(
        "limits-retention",
        *having(platform, lambda kind: isinstance(kind.keeps, Keeps)),
        severity="medium",
        says="Logs and other records are kept for long enough, and expire.",
        remedy="Set the retention within the limits.",
    )
    def retention(graph: Graph, resource: Resource) -> Iterator[str]:
        """No retention means for ever."""
        kind = kind_of(resource.type)
        assert kind is not None and isinstance(kind.keeps, Keeps)
        known = limits.of(graph)
        most, least = known["retention-days"].number, known["retention-days-at-least"].number
        for days in kind.keeps.days(graph, resource):
            if days is None or not 0 < days <= most:
                yield f"keeps what it takes in for longer than {most:g} days"
            elif kind.keeps.record and days < least:
                yield f"keeps what it takes in for {days:g} days, at least {least:g} asked for"

    return retention


def _unread(platform: str) -> Rule:
    @whole_stack_rule(
        "landing-zone-unread",
        severity="low",
        mandatory=False,
        says="What a landing zone gives in place of what the stack would make is named: no rule here can read it.",
        remedy="Have whoever keeps the landing zone confirm it; leave it out of the entry where they cannot.",
    )
    def unread(graph: Graph) -> Found:
        """Advice, for it contradicts nothing. No other rule counts what is given as a pass of its own."""
        there = given.zone(graph)
        if there is None:
            return
        if there.keys is not None:
            yield None, f"rests under keys that {there.owner} keeps, and nobody has read who may use them"
        if there.logs is not None:
            yield None, f"logs to {there.logs}, and nobody has read for how long that keeps what it is sent"
        if there.trail is not None:
            yield None, f"is recorded by {there.trail}, and nobody has read what that records"

    return unread


def _locations(platform: str) -> Rule:
    policy = org_policies.LOCATIONS[platform]
    zonal = ["gcp:workbench/instance:Instance"] if platform == "gcp" else []

    @stack_rule(
        "org-locations",
        *(token for token, kind in kinds(platform).items() if isinstance(kind.stands, At)),
        *zonal,
        severity="high",
        says=f"Nothing stands where the organisation's {policy} forbids it.",
        remedy=given.REMEDY,
        stack_key="region",
    )
    def locations(graph: Graph, resource: Resource) -> Iterator[str]:
        """The provider's region, and that of each resource which names its own; a zone is of its region."""
        if (values := given.org_policy(graph, policy)) is None:
            return
        kind = kind_of(resource.type)
        path = kind.stands.path if kind and isinstance(kind.stands, At) else "location"
        allowed = [re.sub("^in:|-locations$", "", value) for value in values]
        for place in resource.props.each_text(path):
            if re.sub(r"(\d)-[a-z]$", r"\1", place.lower()) not in allowed:
                yield f"is in {place}, allowed by the organisation's {policy}: {', '.join(allowed)}"

    return locations


def _org_tags(platform: str) -> Rule:
    policy = org_policies.REQUIRED_TAGS[platform]

    @stack_rule(
        "org-tags",
        *(token for token, kind in kinds(platform).items() if isinstance(kind.tags, At)),
        severity="high",
        says=f"Everything that can carry {PLATFORMS[platform].tag}s carries those that the organisation requires.",
        remedy="Give the tag as one of the landing zone's extra_tags. " + given.REMEDY,
        stack_key="landing_zone",
    )
    def tags(graph: Graph, resource: Resource) -> Iterator[str]:
        """Each key with a value. Azure alone does not tell the case of a key."""
        if not (required := given.org_policy(graph, policy)):
            return
        kind = kind_of(resource.type)
        assert kind is not None and isinstance(kind.tags, At)
        carried = resource.props.section_or_empty(kind.tags.path)
        names = {name.lower() if platform == "azure" else name for name in carried.names() if carried.is_given(name)}
        for tag in required:
            if (tag.lower() if platform == "azure" else tag) not in names:
                mends = "the stack file gives it" if tag in TAGS else "no extra_tags of the landing zone give it"
                yield f"lacks the {PLATFORMS[platform].tag} {tag}, which the organisation requires; {mends}"

    return tags
