"""The manual steps: what is left to a person before the first prediction, in the order in which it is done.

Each step says who does it, with which command, and how it is checked. A command is what a person types in a POSIX
shell: what only that person knows stands in capitals. Nobody has run these commands in an account yet; each platform's
module names the page that each is taken from.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib import import_module
from shlex import quote
from typing import NamedTuple, Protocol, cast

from catalogue import quotas
from catalogue.deployers import asked, granted
from catalogue.graph import Graph
from catalogue.placement import Source
from catalogue.platforms import Platform
from catalogue.registered import Registered, in_registry
from catalogue.registries import as_written
from catalogue.wording import in_words, typed
from examples.pack import NAME, PACKED, PREPARED, built, data_of, is_example
from operations import facts, hardware
from operations.verdict import HardwareUse, Look, ManualStep
from policies import limits
from policies.rule import callers


class LetIn(NamedTuple):
    """How the owner of a place of others lets the stack in: the end of a clause, what they type, and what shows it.

    `command` is empty where there is nothing to type.
    """

    how: str
    command: str
    check: str
    look: Look


class Steps(Protocol):
    """The functions of a platform's module. `account` and `region` are the stack's."""

    STORES: str
    """From where images and artifacts are brought, as the end of a clause. `sandbox/closed.py` refuses other places."""

    ADMINISTRATOR: str
    """Who gives rights in the account."""

    FEEDER: str
    """Who puts the data of batch jobs where they read it."""

    def role(self, name: str, account: str) -> tuple[str, str]:
        """The command that gives whoever deploys a role in the account, and the one that shows their roles."""
        ...

    def quota(self, name: str, amount: int, account: str, region: str) -> tuple[str, str]:
        """The command that asks for an amount of a quota, and the one that shows what is granted."""
        ...

    def before_up(self, graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
        """What a new account needs before anything can be made in it."""
        ...

    LETS_IN_WHO_STANDS: bool
    """Whether the owner of a place of others can let in only identities that stand, so that the ground comes first."""

    def source(self, graph: Graph, source: Source, account: str, region: str) -> Iterator[LetIn]:
        """What the owner of a place of others does for each part of it that the stack uses."""
        ...

    def push(self, image: str, account: str, region: str) -> tuple[str, str] | None:
        """The commands that push an image and show that it is there. None for one that somebody else publishes."""
        ...

    def upload(self, uri: str, stack: str, folder: str = "") -> tuple[str, str]:
        """The commands that upload an artifact from a folder to its address, and show that it is there.

        The folder ends in "/"; without one the artifact lies where the command is typed.
        """
        ...

    def feed(self, uri: str, stack: str, folder: str = "data") -> tuple[str, str]:
        """The commands that upload the data of a batch job or a training job, and show that it is there.

        The data of a folder lie in `folder`, of which the end has no "/".
        """
        ...

    def versions(self, graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
        """Registering the versions that are served, and the approver's word on each; none where none is."""
        ...

    def ground(self, graph: Graph) -> Iterator[Look]:
        """What shows that the ground stands: a few of its parts whose names are known before."""
        ...

    def after_ground(self, graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
        """What others do once the ground stands, and can be late for."""
        ...

    def serving(self, graph: Graph) -> Iterator[Look]:
        """What shows that all that serves stands."""
        ...

    def standing(self, graph: Graph) -> Iterator[Look]:
        """Values of which what stands may not be what was judged (`catalogue.differences`), as they were judged."""
        ...

    def sign_in(self, graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
        """The way in of one person of the workspace, with the name that it knows them by; none where nobody works."""
        ...

    def after_up(self, graph: Graph, account: str, region: str) -> Iterator[ManualStep]:
        """What is left once everything stands, to the first prediction."""
        ...


def of(platform: str) -> Steps:
    """The module of one platform. No other is imported."""
    return import_module(f"operations.steps.{platform}")  # pyright: ignore[reportReturnType]  # a module has no self


def manual(
    graph: Graph, rows: list[HardwareUse], phases: Collection[object], account: str, region: str
) -> Iterator[ManualStep]:
    """The manual steps of a stack in order, read from what would be created. Raises Unreadable as `facts` does.

    `phases` are those in which the stack comes up, one or two.
    """
    own, two = of(graph.platform), len(phases) > 1
    yield from _rights(graph, own, account)
    # Nobody is told a quota of a service that is off, nor may ask for more of it.
    yield from own.before_up(graph, account, region)
    if needed := _quotas(rows, graph):
        asked = [own.quota(name, amount, account, region) for name, amount in sorted(needed.items())]
        yield ManualStep(
            what="ask for the quotas, which a new account may not have, and wait for the answer: "
            + ", ".join(f"{amount} of {name}" for name, amount in sorted(needed.items())),
            who="deployer",
            commands=[command for command, _ in asked],
            checks=[check for _, check in asked],
            looks=[Look(what="quota", name=name, amount=amount) for name, amount in sorted(needed.items())],
        )
    let_in = list(_let_in(graph, own, account, region))
    if not own.LETS_IN_WHO_STANDS:
        yield from let_in
    if two:
        ground = list(own.ground(graph))
        yield _up(graph, "bring up the ground", "pulumi config set mlplatform:phase ground", ground)
        yield from own.after_ground(graph, account, region)
        yield from let_in if own.LETS_IN_WHO_STANDS else ()
    pushed = {image: own.push(image, account, region) for image in sorted(facts.images(graph))}
    if ours := {image: commands for image, commands in pushed.items() if commands}:
        yield ManualStep(
            what=f"push the container images{own.STORES} ({first(list(ours))})",
            who="publisher",
            commands=[command for image, (push, _) in ours.items() for command in _pushed(graph.platform, image, push)],
            checks=[check for _, check in ours.values()],
            looks=[Look(what="image", name=image) for image in ours],
        )
    if uris := sorted(uri for uri in facts.artifacts(graph) if not in_registry(uri)):
        packed = f"out/example/{graph.platform}/"
        uploaded = [own.upload(uri, graph.stack, packed if is_example(uri) else "") for uri in uris]
        named = first([as_written(uri) for uri in uris])
        yield ManualStep(
            what=f"put the model artifacts where the stack file says{own.STORES} ({named})",
            who="publisher",
            commands=[PACKED] * any(map(is_example, uris)) + [command for command, _ in uploaded],
            checks=[check for _, check in uploaded],
            looks=[Look(what="artifact", name=uri) for uri in uris],
        )
    yield from own.versions(graph, account, region)
    # A schedule may start the first run as soon as it stands.
    if uris := sorted(facts.batch_inputs(graph)):
        fed = [own.feed(uri, graph.stack, data_of(uri) if is_example(uri) else "data") for uri in uris]
        named = first([as_written(uri) for uri in uris])
        yield ManualStep(
            what=f"put the data of batch jobs and training jobs where the stack file says{own.STORES} ({named})",
            who=own.FEEDER,
            commands=[PREPARED] * any(map(is_example, uris)) + [command for command, _ in fed],
            checks=[check for _, check in fed],
            looks=[Look(what="batch input", name=uri) for uri in uris],
        )
    stands = list(own.serving(graph)) if two else [*own.ground(graph), *own.serving(graph)]
    yield _up(
        graph, "bring up what serves" if two else "bring up the stack", "pulumi config rm mlplatform:phase", stands
    )
    if not two:
        yield from own.after_ground(graph, account, region)
        yield from let_in if own.LETS_IN_WHO_STANDS else ()
    yield from own.sign_in(graph, account, region)
    yield from own.after_up(graph, account, region)


def roles(graph: Graph, at: str) -> list[Look]:
    """The roles that whoever deploys must have there, each with the rights for which the stack needs it."""
    platform = cast(Platform, graph.platform)
    needed = asked(platform, {resource.type for resource in graph.cloud})
    given = {name: granted(platform, name) for name in needed}
    return [
        Look(what="role", name=name, at=at, rights=rights)
        for name, rights in needed.items()
        if (role := given[name]) and role.at == at
    ]


def registering(
    graph: Graph, stores: str, versions: Sequence[Registered], checks: list[str], looks: list[Look]
) -> ManualStep:
    """One command brings a candidate's artifact and record, its image's tag, and then the version."""
    artifacts = sorted(uri for uri in facts.artifacts(graph) if in_registry(uri))
    return ManualStep(
        what="register the versions that are served, under the numbers that the stack file names"
        f"{stores} ({first([str(one) for one in versions])})",
        who="publisher",
        commands=[command for one in versions for command in _registered(graph, one)],
        checks=checks,
        looks=[*(Look(what="artifact", name=uri) for uri in artifacts), *looks],
    )


def _registered(graph: Graph, version: Registered) -> list[str]:
    """The commands that register a candidate. That of examples/ is made before, of the image that was pushed."""
    laid_out, candidate = [], "CANDIDATE"
    if version.name == NAME:
        image = next((one for one in facts.images(graph) if one.endswith((f":{version.tag}", version.image("")))), "")
        # "Get an image's digest": https://docs.docker.com/reference/cli/docker/inspect/
        pushed = f"\"$(docker inspect --format '{{{{index .RepoDigests 0}}}}' {quote(image)})\""
        laid_out = [f"{PREPARED} --name {NAME} --version {version.version} --image {pushed}"]
        candidate = f"out/example/version/{graph.platform}"
    register = typed("register", graph.stack, str(version), "--from", candidate, "--yes")
    return [*laid_out, register]


def named_anew(graph: Graph, versions: Sequence[Registered]) -> list[str]:
    """The commands that write a version's digest into the stack file, where nobody knew it before: the record of
    examples/ has the digest of the image that was built."""
    return [typed("promote", str(one), graph.stack, "--yes") for one in versions if one.name == NAME]


def called_from(graph: Graph, inside: str, ways: Mapping[bool, str]) -> str:
    """From where each may call: people from inside, and each caller that the stack file names from its own place.

    `ways` says how a caller comes whose network is joined (True), or which has an endpoint of its own (False), with
    {network}, {cidr} and {account}.
    """
    people = f"from inside the network, for example from {inside}"
    named = ((one, ways[bool(one.cidr)], one.network.rpartition("/")[2]) for one in callers(graph))
    said = [f"{one.name} {way.format(network=at, cidr=one.cidr, account=one.account)}" for one, way, at in named]
    return "; ".join([people, *said])


def outputs(graph: Graph) -> list[str]:
    """The command that shows each caller its URL and what it does first; none where the stack file names no caller."""
    return [f"pulumi stack output callers --json --stack {quote(graph.stack)}"] if callers(graph) else []


def query(text: str) -> str:
    """A query of a cloud's command line, quoted so that a person can still read it."""
    return f'"{text}"' if not set(text) & set('"$`\\!') else quote(text)


def first(names: list[str], most: int = 3) -> str:
    """The first few names, and how many more there are: the commands have them all."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _pushed(platform: str, image: str, push: str) -> list[str]:
    """The commands that push an image. That of examples/ is built before; how others are built, their teams know."""
    return [built(platform, quote(image)), push] if is_example(image) else [push]


def _rights(graph: Graph, own: Steps, account: str) -> Iterator[ManualStep]:
    """A new identity may do nothing. What it is given is what `catalogue.deployers` says."""
    if looks := roles(graph, "account"):
        said = [own.role(look.name, account) for look in looks]
        names = " and ".join(look.name for look in looks)
        yield ManualStep(
            what=f"give whoever deploys the rights to make, change and delete what the stack has ({names})",
            who=own.ADMINISTRATOR,
            commands=[command for command, _ in said],
            checks=list(dict.fromkeys(check for _, check in said)),
            looks=looks,
        )


def _let_in(graph: Graph, own: Steps, account: str, region: str) -> Iterator[ManualStep]:
    """One step for all places of others that the stack uses. Each owner is told its own places and commands."""
    places = graph.placement.sources if graph.placement else ()
    said = {one: list(own.source(graph, one, account, region)) for one in places}
    used = sorted((one for one, ways in said.items() if ways), key=lambda one: one.granted_by)
    found = [way for one in used for way in said[one]]
    if used:
        owners = list(dict.fromkeys(one.granted_by for one in used))
        theirs = [(owner, first([one.place for one in used if one.granted_by == owner])) for owner in owners]
        named = [f"{some} ({owner})" if len(owners) > 1 else some for owner, some in theirs]
        yield ManualStep(
            what=f"let the stack's identities in to {'; '.join(named)}: "
            + "; ".join(dict.fromkeys(way.how for way in found)),
            who=in_words(owners),
            commands=[way.command for way in found if way.command],
            checks=list(dict.fromkeys(way.check for way in found)),
            looks=[way.look for way in found],
        )


def _up(graph: Graph, what: str, phase: str, looks: list[Look]) -> ManualStep:
    stack = f"--stack {quote(graph.stack)}"
    return ManualStep(
        what=what,
        who="deployer",
        commands=[f"{phase} {stack}", f"pulumi up --policy-pack policies {stack}"],
        checks=[f"pulumi preview --expect-no-changes {stack}"],
        looks=looks,
    )


def _quotas(rows: list[HardwareUse], graph: Graph) -> Mapping[str, int]:
    """How much of each quota to ask for: what is declared, or all that the stack may need at once."""
    declared = {draw.quota_name: draw.declared for row in rows for draw in row.draws if draw.declared is not None}
    known = limits.of(graph).quotas
    of_disks = {
        name: int(known[name].number) if name in known else more for name, more in quotas.of_graph(graph).items()
    }
    return {name: declared.get(name, amount) for name, amount in hardware.at_once(graph).items()} | of_disks
