"""The drills: what breaks, how it is noticed, what the operator does, and what was hurt meanwhile.

Each drill starts with a pilot that is up, goes through steps of `Rehearsal`, and ends with the pilot as it was. It
works on the first online endpoint of the stack file that is switched on. A drill that launches an endpoint launches a
copy of that one, named `drill`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from catalogue.errors import BadInput
from catalogue.hardware import catalogue
from catalogue.hardware.catalogue import HardwareFamily
from operations.drill.cloud import cloud_of
from operations.drill.rehearsal import Json, Rehearsal, Unexpected
from sandbox.alarms import measured_as
from sandbox.state.metrics import Played
from sandbox.state.records import Record
from stacks.model import StackConfig
from stacks.sections import endpoints, models

NEW = "drill"
"""The endpoint that a drill launches beside those of the stack file."""


@dataclass(frozen=True)
class Drill:
    """A rehearsed failure: its name, and its steps."""

    name: str
    steps: Callable[[Rehearsal], None]

    @property
    def what(self) -> str:
        """What goes wrong, as a sentence."""
        return (self.steps.__doc__ or "").strip()

    def play(self, r: Rehearsal) -> None:
        """Play the drill. However it ends, the stack files say what they said before, and no fault is armed."""
        try:
            self.steps(r)
        finally:
            r.puts_back()


def gpu_quota(r: Rehearsal) -> None:
    """An endpoint is launched on GPUs for which the account has no quota. Nothing else is hurt."""
    scorer = r.endpoint()
    family = cheapest(r.config, scorer, lambda one: one.accelerator is not None)
    cloud, known = cloud_of(r.platform), catalogue.load(r.platform).families[family]
    launch = _launch(r.config, scorer, family)
    r.comes_up()
    r.refuses("quota-exceeded", cloud.counted(known), f"nothing is left of the quota {known.uses['online'].quota_name}")
    r.edits(f"an endpoint {NEW}, a copy of {scorer} on {family}", launch)
    r.fails(cloud.no_quota)
    r.looks()
    r.operator(
        f"take {NEW} out of the stack file if others must change it meanwhile, and ask for the quota that "
        f"`uv run mlplatform preview {r.stack}` names"
    )
    r.refuses_no_more("the quota is granted")
    r.operator(f"`pulumi up -s {r.stack}` again")
    r.ends_well()
    r.reverts()
    r.converges([f"endpoint {NEW}"])


def bad_version(r: Rehearsal) -> None:
    """A new version of a model answers one request in twenty with an error. Its canary is taken back, seen or not."""
    scorer = r.endpoint()
    (model,) = endpoints.serves(endpoints.of(r.config)[scorer])
    artifact = next_artifact(models.of(r.config)[model].artifact_uri)
    r.comes_up()
    before = _who_serves(r, scorer)
    r.edits(f"{artifact} for {model}", lambda config: config["models"][model].update(artifact_uri=artifact))
    r.is_called(**{scorer: Played(p95_ms=100, error_percent=5)})
    blind = cloud_of(r.platform).blind
    if blind:
        r.hides_metrics("the cloud does not show the metrics of endpoints")
        r.fails(blind)
        if _who_serves(r, scorer) != before:
            raise Unexpected(f"{scorer} is no longer served by the version before")
        r.refuses_no_more("the metrics are shown again")
        r.operator(f"give the deployer its right to read metrics, `pulumi up -s {r.stack}` again")
    r.fails(cloud_of(r.platform).taken_back)
    r.rings(f"{r.stack}-{scorer}-errors")
    r.looks()
    if _who_serves(r, scorer) != before:
        raise Unexpected(f"{scorer} is no longer served by the version before")
    r.is_called()
    r.operator("revert the version in the stack file", f"`pulumi up -s {r.stack}`")
    r.reverts()
    r.converges([f"endpoint {scorer}"])
    if len(_who_serves(r, scorer)) != 1:
        raise Unexpected(f"{scorer} is served by {_who_serves(r, scorer)}")


def no_capacity(r: Rehearsal) -> None:
    """An endpoint that was off over night cannot come back, for its region has no such machine left."""
    scorer = r.endpoint()
    endpoint = endpoints.of(r.config)[scorer]
    was, key = endpoint.machine, "family" if endpoint.family else "machine_type"
    instead = fallback(r.config, scorer)
    machine, other = (str(catalogue.load(r.platform).machine(name).machine_type) for name in (was, instead))
    region = r.config.region
    r.comes_up()
    r.edits(f"enabled: false for {scorer}", _set(scorer, enabled=False))
    r.ends_well()
    r.refuses("no-capacity", machine, f"{region} has no {machine} left")
    r.edits(f"enabled: true for {scorer}", _set(scorer, enabled=True))
    r.fails(cloud_of(r.platform).no_capacity)
    r.looks()
    r.operator(f"write `family: {instead}` for {scorer}, `pulumi up -s {r.stack}`: it serves on {other}")
    r.edits(f"family: {instead} for {scorer}", _moves(scorer, instead))
    r.ends_well()
    r.is_called()
    r.refuses_no_more(f"{region} has {machine} again")
    r.operator(f"when there are {machine} again: `enabled: false`, up, `{key}: {was}` and `enabled: true`, up")
    r.edits(f"enabled: false for {scorer}", _set(scorer, enabled=False))
    r.ends_well()
    r.reverts()
    r.converges([f"endpoint {scorer}"])


def interrupted_up(r: Rehearsal) -> None:
    """The machine that runs `pulumi up` dies half-way through the launch of an endpoint."""
    scorer = r.endpoint()
    launch = _launch(r.config, scorer)
    r.comes_up()
    r.edits(f"an endpoint {NEW}, a copy of {scorer}", launch)
    r.is_killed(0.5)
    r.looks()
    r.fails("locked by")
    r.is_let_go()
    r.takes_over()
    r.operator(f"`pulumi up -s {r.stack}` again")
    r.ends_well()
    r.reverts()
    r.converges([f"endpoint {NEW}"])


def drift(r: Rehearsal) -> None:
    """Somebody lowers a bound on replicas, removes a tag, and then deletes an endpoint, all by hand."""
    scorer, cloud = r.endpoint(), cloud_of(r.platform)
    bound, tag = cloud.bound, cloud.tag
    r.comes_up()
    replicas = _of(r, bound.type, scorer)
    tagged = r.state.resources.find(type=tag.type)[0]
    lowered = f"somebody lowers {bound.path} of {replicas.name} to {bound.value}"
    r.behind(lowered).change_behind(replicas.key, bound.path, bound.value)
    r.behind(f"somebody removes {tag.path} of {tagged.name}").change_behind(tagged.key, tag.path, None)
    r.looks()
    r.shows("update", [bound.shown.format(replicas.name), tagged.name])
    r.operator(f"ask who did it, then `pulumi up -s {r.stack}`: what the stack file says comes back")
    r.ends_well()
    deleted = r.served(scorer)
    r.behind(f"somebody deletes {deleted.name}").delete_behind(deleted.key)
    r.state.metrics.play(measured_as(deleted), Played(requests=0))
    r.looks()
    r.rings(f"{r.stack}-{scorer}-idle")
    r.shows("create", [deleted.name])
    r.operator(f"`pulumi up -s {r.stack}`: the endpoint comes back under its name")
    r.converges([f"endpoint {scorer}", "workspace"])


def idle_endpoint(r: Rehearsal) -> None:
    """An endpoint that nobody calls is left on, and bills."""
    scorer = r.endpoint()
    r.comes_up()
    r.is_called(**{scorer: Played(requests=0)})
    r.rings(f"{r.stack}-{scorer}-idle")
    r.looks()
    before = r.idle_floor()
    r.operator(f"ask its owner, write `enabled: false` for {scorer}, `pulumi preview -s {r.stack}`")
    r.edits(f"enabled: false for {scorer}", _set(scorer, enabled=False))
    ran = r.shows("delete", [f"{r.stack}-{scorer}"])
    own = f"{r.stack}-{scorer}"
    strange = [step.name for step in ran.steps if step.op != "delete" or not step.name.startswith(own)]
    if strange:
        raise Unexpected(f"the preview changes more than {scorer}: {', '.join(strange)}")
    r.operator(f"`pulumi up -s {r.stack}`")
    r.ends_well()
    after = r.idle_floor()
    if after >= before:
        raise Unexpected(f"the idle floor does not fall: it was ${before:,.2f} a month, and is ${after:,.2f}")
    r.operator(f"see that the idle floor falls, here from ${before:,.2f} a month to ${after:,.2f}")
    r.operator(f"when it is wanted: `enabled: true`, `pulumi up -s {r.stack}`")
    r.reverts()
    r.is_called()
    r.converges([])


def workspace_deleted(r: Rehearsal) -> None:
    """Somebody deletes the workspace by hand, with everything in it."""
    cloud = cloud_of(r.platform)
    r.comes_up()
    deleted = [record for type_ in cloud.workspace for record in r.state.resources.find(type=type_)]
    resources = r.behind(f"somebody deletes {', '.join(record.name for record in deleted)}")
    for record in deleted:
        resources.delete_behind(record.key)
    r.looks()
    r.shows("create", [record.name for record in deleted])
    lost = ["workspace", *cloud.in_workspace(r.config)]
    if cloud.unrehearsed:
        r.operator(f"not rehearsed: {cloud.unrehearsed}")
    r.operator(f"`pulumi up -s {r.stack}`; what people had not saved elsewhere is gone")
    r.converges(lost, gone=lost)


def left_and_back(r: Rehearsal) -> None:
    """A stack is left, and wanted again: what stayed is taken up, and the rest is made anew under the same names."""
    r.comes_up()
    r.operator(f"`uv run mlplatform teardown {r.stack}` and see what goes; then once more with --yes --purge homes")
    lost = r.leaves()
    r.operator(f"`pulumi up -s {r.stack}` when it is wanted; people's homes and machines are new ones, and empty")
    r.converges(lost, gone=["workspace"])


def promoted(r: Rehearsal) -> None:
    """A version goes to the next stack, in another account: it is refused unapproved, and a bad one comes back."""
    scorer, cloud, n = r.endpoint(), cloud_of(r.platform), r.beside()
    (model,) = endpoints.serves(endpoints.of(r.config)[scorer])
    first = r.next_number()
    second, bad = first + 1, f"sha256:{'2' * 64}"
    _gives_and_takes(r, n, model, first)
    n.edits("that it serves", lambda config: config.pop("phase"))
    n.fails("not approved|no approval|nobody has")
    n.approves(first, GOOD)
    n.ends_well()
    n.is_called()
    before = _who_serves(n, scorer)
    r.registers(second, bad)
    r.approves(second, bad)
    r.promotes(second, n)
    n.approves(second, bad)
    n.operator(f"`uv run mlplatform promote {NEW}@{second} {n.stack} --yes`, `pulumi up -s {n.stack}`")
    n.edits("the second version", _serves(model, second, bad))
    n.is_called(**{scorer: Played(p95_ms=100, error_percent=5)})
    n.fails(cloud.taken_back)
    if _who_serves(n, scorer) != before:
        raise Unexpected(f"{scorer} is no longer served by the version before")
    n.is_called()
    n.operator(f"`uv run mlplatform promote {NEW}@{first} {n.stack} --yes`, the same two lines, `pulumi up`")
    n.edits("the first version", _serves(model, first, GOOD))
    n.ends_well()
    if len(_who_serves(n, scorer)) != 1:
        raise Unexpected(f"{scorer} is served by {_who_serves(n, scorer)}")
    r.both_stand(n, f"endpoint {scorer} of {n.stack}")
    r.both_go(n)


GOOD = f"sha256:{'1' * 64}"


def _serves(model: str, number: int, digest: str) -> Callable[[Json], None]:
    return lambda config: config["models"].update({model: {"registered": NEW, "version": number, "digest": digest}})


def _gives_and_takes(r: Rehearsal, n: Rehearsal, model: str, number: int) -> None:
    """Bring up the ground of both, let versions go from one to the other, and copy the first one."""
    cloud = cloud_of(r.platform)

    def begins(config: Json) -> None:
        _serves(model, number, GOOD)(config)
        config["phase"] = "ground"
        config.pop("registry", None)

    def takes(config: Json) -> None:
        begins(config)
        key = cloud.key(r.state, r.config.account)
        one = {"account": r.config.account, "granted_by": "the drill", **({"key": key} if key else {})}
        config["registry"] = {"takes_from": {r.stack: one}}

    r.edits(f"a registered version for {model}, and the ground alone", begins)
    r.ends_well()
    n.edits("the same, and from where versions come", takes)
    n.ends_well()
    r.registers(number, GOOD)
    r.promotes(number, n, refused="is not approved")
    r.approves(number, GOOD)
    r.promotes(number, n, refused="is not authorized by")
    given = {n.stack: {"account": n.config.account, "publisher": cloud.publisher(n.state, n.stack)}}
    r.edits("to whom versions go", lambda config: config.update(registry={"gives_to": given}))
    r.ends_well()
    r.promotes(number, n)


DRILLS: Mapping[str, Drill] = {
    drill.name: drill
    for drill in (
        Drill("gpu-quota", gpu_quota),
        Drill("bad-version", bad_version),
        Drill("no-capacity", no_capacity),
        Drill("interrupted-up", interrupted_up),
        Drill("drift", drift),
        Drill("idle-endpoint", idle_endpoint),
        Drill("workspace-deleted", workspace_deleted),
        Drill("left-and-back", left_and_back),
        Drill("promoted", promoted),
    )
}


def _launch(stack_config: StackConfig, scorer: str, family: str | None = None) -> Callable[[Json], None]:
    """Add a copy of an endpoint, on that family or on its own machine. Raises BadInput where the name is in use."""
    if NEW in endpoints.of(stack_config):
        raise BadInput(f"{NEW}: the stack file has an endpoint of that name, which this drill would launch")

    def change(config: Json) -> None:
        own = config["endpoints"][scorer]
        config["endpoints"][NEW] = _on(own, family) if family else dict(own)

    return change


def _set(endpoint: str, **values: object) -> Callable[[Json], None]:
    return lambda config: config["endpoints"][endpoint].update(values)


def _moves(endpoint: str, family: str) -> Callable[[Json], None]:
    def change(config: Json) -> None:
        config["endpoints"][endpoint] = _on(config["endpoints"][endpoint], family)

    return change


def _on(endpoint: Json, family: str) -> Json:
    """The endpoint on a family, whatever machine it names now."""
    return {**{key: value for key, value in endpoint.items() if key != "machine_type"}, "family": family}


def cheapest(config: StackConfig, endpoint: str, fits: Callable[[HardwareFamily], bool]) -> str:
    """The cheapest hardware family that fits, and on which a copy of the endpoint may serve in the stack's region.

    Raises BadInput if none does.
    """
    item = endpoints.of(config)[endpoint]
    prices = {
        name: price
        for name, family in catalogue.load(config.platform).families.items()
        if "online" in family.uses and fits(family)
        if (price := family.price(config.region, "online")) is not None
        if not any(endpoints.blind(config, item.model_copy(update={"family": name, "machine_type": None})))
    }
    if not prices:
        raise BadInput(f"{config.region}: the catalogue has no hardware family there that this drill needs")
    return min(prices, key=lambda name: prices[name])


def fallback(config: StackConfig, endpoint: str) -> str:
    """The cheapest family that can replace the endpoint's own: with no less memory and no fewer vCPUs.

    It has accelerators only if the endpoint's own family has some. Raises BadInput if there is none.
    """
    own = catalogue.load(config.platform).machine(endpoints.of(config)[endpoint].machine)

    def fits(one: HardwareFamily) -> bool:
        if one == own or (one.accelerator is None) != (own.accelerator is None):
            return False
        return (one.memory_gib or 0) >= (own.memory_gib or 0) and (one.vcpus or 0) >= (own.vcpus or 0)

    def on_another_quota(one: HardwareFamily) -> bool:
        return fits(one) and _quotas_of(one).isdisjoint(_quotas_of(own))

    try:
        return cheapest(config, endpoint, on_another_quota)
    except BadInput:  # where all of them draw on one quota
        return cheapest(config, endpoint, fits)


def _quotas_of(family: HardwareFamily) -> set[str | None]:
    return {quota.quota_name for use, quota in family.uses.items() if use in ("online", "async")}


def next_artifact(uri: str) -> str:
    """The address of a model's next version: its last number, plus one. Raises BadInput if it has no number."""
    if not uri:
        raise BadInput(
            "the model is a version of the registry, which `mlplatform promote` changes; this drill writes an "
            "artifact_uri, so name a stack whose first endpoint has one"
        )
    found = re.fullmatch(r"(.*/)(\d+)(/.*|)", uri)
    if found is None:
        raise BadInput(f"{uri}: has no number such as /1/, by which this drill would name the next version")
    return f"{found[1]}{int(found[2]) + 1}{found[3]}"


def _of(r: Rehearsal, type_: str, endpoint: str) -> Record:
    """The resource of that type that belongs to the endpoint."""
    for record in r.state.resources.find(type=type_):
        if record.name.startswith(f"{r.stack}-{endpoint}"):
            return record
    raise Unexpected(f"{endpoint} has no {type_}")


def _who_serves(r: Rehearsal, endpoint: str) -> list[str]:
    """The versions of a model that get requests."""
    return cloud_of(r.platform).serving(r.state, r.served(endpoint))
