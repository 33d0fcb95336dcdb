"""What a create or an update needs of the account, and a new account lacks: its region, rights, services, images,
artifacts, quota, grants that are in force.

All of it follows from the kinds' records. A refusal is told as a reason with its words; each cloud has the sentence.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from catalogue import quotas
from catalogue.behaviour import values_at
from catalogue.deployers import Does, lacking, rights_of
from catalogue.graph import Graph, Resource
from catalogue.hardware.catalogue import load
from catalogue.kind import Acts, Apis, Fetches, Keys, Kind, Ripens, Runs, Serves, Settles
from catalogue.kinds import kind_of, kinds
from catalogue.kinds.azure.containerregistry import REGISTRY
from catalogue.kinds.azure.storage import CONTAINER
from catalogue.kinds.gcp import artifactregistry
from catalogue.machines import Machines
from catalogue.org_policies import outside
from catalogue.platforms import Platform
from catalogue.properties import Unreadable
from catalogue.registries import as_written, is_own
from catalogue.services import services
from sandbox.managed_network import leads_to
from sandbox.state import State
from sandbox.state.records import Record

T = TypeVar("T")
Reason = Literal[
    "no-region",
    "no-right",
    "service-off",
    "no-image",
    "no-way",
    "no-artifact",
    "over-quota",
    "over-quota-nodes",
    "over-quota-things",
    "not-in-force",
    "no-pull",
    "no-read",
    "not-known",
    "not-let-in",
    "too-many",
]


class Lacks(Exception):
    """The account lacks something. `words` are what the cloud's sentence for the reason is made of."""

    def __init__(self, reason: Reason, **words: object) -> None:
        super().__init__(f"{reason}: {words}")
        self.reason: Reason = reason
        self.words = words


@dataclass(frozen=True)
class Needs:
    """What one resource needs, in an account and region of the cloud. `named` are the resources that it names."""

    state: State
    platform: Platform
    account: str
    region: str
    made: Resource
    named: tuple[Resource, ...] = ()

    def place(self) -> None:
        """The account must have the region, where it has it on request only. Raises Lacks."""
        if self.region in load(self.platform).regions_on_request and not self.state.account.has_region(self.region):
            raise Lacks("no-region", said=self.region)

    def rights(self, does: Does) -> None:
        """Whoever deploys must have the rights that it takes to do this with one of the kind. Raises Lacks."""
        if self.state.account.in_use:
            return
        missing = lacking(self.platform, self.state.account.roles(), rights_of(self.made.type, does))
        if missing:
            raise Lacks("no-right", said=missing[0])

    def service(self, registers_itself: bool) -> None:
        """The services of the kind must be on. A provider that `registers_itself` switches on the one that a resource
        is of, which the refusal names, and none beside. Raises Lacks.
        """
        kind = kind_of(self.made.type)
        beside = kind.apis.names if kind and isinstance(kind.apis, Apis) and kind.apis.refuses else ()
        for service in services(kind) if kind else ():
            if self.state.account.has_service(service):
                continue
            if not registers_itself or service in beside:
                raise Lacks("service-off", said=service)
            self.state.account.enable(service)

    def room(self) -> None:
        """The account must have room for one more of the kind in the region. Raises Lacks."""
        kind = kind_of(self.made.type)
        behaviour = kind.acts.behaviour if kind is not None and isinstance(kind.acts, Acts) else None
        if behaviour is None or not behaviour.most:
            return
        stand = self.state.resources.find(type=self.made.type, account=self.account)
        here = [one for one in stand if one.region == self.region or one.inputs.get(behaviour.everywhere)]
        if len(here) >= behaviour.most:
            raise Lacks("too-many", said=behaviour.too_many.format(account=self.account, region=self.region))

    def contents(self) -> None:
        """The images of the account's own registries must have been pushed, the artifacts uploaded. Raises Lacks."""
        for resource in (self.made, *self.named) if self._acts("fetches") else ():
            kind = kind_of(resource.type)
            if kind is None or not isinstance(kind.serves, Serves):
                continue
            for image in _read(kind.serves.images(self._graph, resource)):
                if is_own(self.platform, image, self.account) and not self.state.account.has_image(image):
                    raise Lacks("no-image", said=image)
            for uri in _read(kind.serves.artifacts(self._graph, resource)):
                if not self.state.account.has_artifact(uri):
                    raise Lacks("no-artifact", said=uri)

    def reached(self) -> None:
        """The managed network in which a container is to run must lead to the registry of its image. Raises Lacks."""
        for resource in (self.made, *self.named) if self._acts("fetches") and self.platform == "azure" else ():
            kind = kind_of(resource.type)
            for image in (
                _read(kind.serves.images(self._graph, resource)) if kind and isinstance(kind.serves, Serves) else ()
            ):
                if not leads_to(self.state, self.made.inputs.get("workspaceName"), image):
                    raise Lacks("no-way", said=image)

    def let_in(self) -> None:
        """The organisation must let the member of a grant in. Raises Lacks."""
        members, member = self.state.account.members(), str(self.made.inputs.get("member", ""))
        if members and self.made.type.startswith("gcp:") and outside(member, members):
            raise Lacks("not-let-in", said=member.partition(":")[2])

    def known(self) -> None:
        """An identity or a role that the resource names must be known to who asks for it, as its own record says.

        Raises Lacks.
        """
        now = self.state.clock.now()
        for kind in kinds(self.platform).values():
            settles = kind.settles
            if not isinstance(settles, Settles) or self.made.type not in settles.askers:
                continue
            if settles.unless and self.made.inputs.get(settles.unless):
                continue
            for name in _texts(self.made.inputs, settles.at):
                for one in self.state.resources.find(type=kind.token):
                    named = one.outputs.get(settles.of) if settles.of else one.id
                    if named == name and now - one.created < 60 * settles.minutes:
                        raise Lacks("not-known", said=settles.says.format(name=name))

    def in_force(self) -> None:
        """The grants by which the resource uses its key, and fetches images and artifacts, must be in force.

        Each must be as old as its record says. Raises Lacks. A use for which nothing here grants anything is not
        judged: somebody else may have granted it.
        """
        kind, inputs = kind_of(self.made.type), self.made.inputs
        for at in kind.keys.at if kind is not None and isinstance(kind.keys, Keys) else ():
            users = _agents(at.users) + (_texts(inputs, at.by) if at.by else [])
            for on in _texts(inputs, at.in_ or at.path):
                handle = (urlsplit(on).hostname or "").partition(".")[0] if "://" in on else on
                things = [one.id for one in self.state.resources.named(handle) if one.account == self.account]
                self._granted("not-in-force", users, on, things)
        if kind is None or not isinstance(fetches := kind.fetches, Fetches):
            return
        around = (self.made, *self.named)
        users = [user for one in around for user in _texts(one.inputs, fetches.by)] + _agents(fetches.users)
        for one in around:
            serving = kind_of(one.type)
            if serving is None or not isinstance(serves := serving.serves, Serves):
                continue
            for image in _read(serves.images(self._graph, one)):
                self._granted("no-pull", users, image, list(self._stores(image)))
            for uri in _read(serves.artifacts(self._graph, one)):
                self._granted("no-read", users, uri, list(self._stores(uri)))

    def _granted(self, reason: Reason, users: Iterable[str], on: str, things: Sequence[str]) -> None:
        """A grant to each user on the things must be in force, where there is any. Raises Lacks."""
        for user in users:
            ages = list(self._ages(user, things))
            if ages and not any(ripe for ripe, _ in ages):
                raise Lacks(reason, said=on, member=ages[0][1], store=things[0])

    def _stores(self, address: str) -> Iterator[str]:
        """The ids of what an image or an artifact lies in: a registry, a repository, a bucket or a container."""
        if self.platform == "gcp":
            bucket, repository = urlsplit(address), artifactregistry.repository_of(address)
            if bucket.scheme == "gs":
                yield bucket.netloc
            elif repository is not None:
                yield "projects/{}/locations/{}/repositories/{}".format(*repository)
            return
        if "/datastores/" in address:
            type_, ends = CONTAINER, f"/containers/{as_written(address).split('/')[3]}"
        else:
            type_, ends = REGISTRY, f"/registries/{address.partition('.')[0]}"
        for one in self.state.resources.find(type=type_, account=self.account):
            if one.id.casefold().endswith(ends.casefold()):
                yield one.id

    def _ages(self, user: str, things: Sequence[str]) -> Iterator[tuple[bool, str]]:
        """Each grant to a user on one of the things, or around it: whether it is in force, and for whom it is."""
        now, resources = self.state.clock.now(), self.state.resources
        for kind in kinds(self.platform).values():
            if not isinstance(ripens := kind.ripens, Ripens):
                continue
            names = {str(one.outputs.get(ripens.of)) for one in resources.named(user)} if ripens.of else set[str]()
            for grant in resources.find(type=kind.token):
                member, scope = (str(grant.inputs.get(key, "")) for key in (ripens.member, ripens.on))
                # A grant may name a repository by its last part alone; its id has the whole of it.
                around = any(_covers(scope, thing) or grant.id.startswith(f"{thing}/") for thing in things)
                if around and (member in names or user in member):
                    yield now - grant.created >= 60 * ripens.longest, member

    def quota(self, stands: Record | None = None) -> None:
        """What the machines need at first must be left of each quota. Raises Lacks.

        `stands` is the resource that an update changes. A cluster is asked whether one node would fit. Vertex AI counts
        the most replicas of a deployment (`maxReplicaCount` of
        https://cloud.google.com/vertex-ai/docs/reference/rest/v1/DedicatedResources).
        """
        without = stands.key if stands is not None and not self._acts("beside") else 0
        asked: Counter[str] = Counter()
        for machines in self._machines():
            serves = machines.use in ("online", "async")
            for name, more in self._draws(machines, machines.high if serves else max(machines.low, 1)):
                limit = self.state.account.quota(name)
                used = self.state.resources.drawn(name, self.account, self.region, without) + asked[name]
                if limit is not None and used + more > limit:
                    reason: Reason = "over-quota" if serves else "over-quota-nodes"
                    raise Lacks(reason, said=name, limit=limit, used=used, more=more)
                asked[name] += more
        for name, more in quotas.of_resource(self.made).items():
            limit = self.state.account.quota(name)
            used = self.state.resources.drawn(name, self.account, self.region, without)
            if limit is not None and used + more > limit:
                raise Lacks("over-quota-things", said=name, limit=limit, used=used, more=more)

    def takes(self) -> Mapping[str, int]:
        """How much of which quota is taken while the resource stands, by its machines that serve or always run too."""
        taken: Counter[str] = Counter(quotas.of_resource(self.made))
        for machines in self._machines():
            running = machines.high if machines.use in ("online", "async") else machines.low
            for name, amount in self._draws(machines, running):
                taken[name] += amount
        return taken

    def _draws(self, machines: Machines, replicas: int) -> list[tuple[str, int]]:
        """Each quota that so many replicas draw on, and how much of it."""
        beside = quotas.drawn_beside(self.platform, machines, replicas)
        return [quotas.drawn(self.platform, machines, replicas), *beside]

    def _machines(self) -> Iterator[Machines]:
        """The machines that run as soon as the resource stands. What people start by themselves does not."""
        kind = kind_of(self.made.type)
        if kind is not None and isinstance(kind.runs, Runs) and self._acts("machines"):
            yield from (machines for machines in _read(kind.runs.machines(self._graph, self.made)) if machines.high)

    @property
    def _graph(self) -> Graph:
        return Graph("", self.platform, (self.made, *self.named), {})

    def _acts(self, what: Literal["machines", "beside", "fetches"]) -> bool:
        kind: Kind | None = kind_of(self.made.type)
        return kind is not None and isinstance(kind.acts, Acts) and getattr(kind.acts.behaviour, what)


def _agents(users: Iterable[str]) -> list[str]:
    """How the addresses of the cloud's own agents go on after their numbers."""
    return [f"@{user}." for user in users]


def _texts(inputs: Mapping[str, object], path: str) -> list[str]:
    return [value for value in values_at(inputs, path) if isinstance(value, str) and value]


def _covers(scope: str, thing: str) -> bool:
    """Whether a grant on a scope is on a thing, on what it lies in, or on a part of it."""
    return scope == thing or thing.startswith(f"{scope}/") or scope.startswith(f"{thing}/")


def _read(found: Iterable[T]) -> Iterator[T]:
    """What can be read; the rest is a finding of the verdict."""
    try:
        yield from found
    except Unreadable:
        return


def resource(type_: str, id_: str, name: str, inputs: Mapping[str, object], outputs: Mapping[str, object]) -> Resource:
    """A resource of the simulated cloud as the records read it."""
    return Resource(urn=id_, type=type_, name=name, custom=True, inputs=inputs, outputs={**outputs, "id": id_})


def of_record(record: Record) -> Resource:
    """A resource that stands."""
    return resource(record.type, record.id, record.name, record.inputs, record.outputs)
