"""The part of a sandbox's double that is Azure Resource Manager: online endpoints, deployments, roles, approvals.

The simulated provider creates endpoints and deployments. `provider/` sets the traffic of an endpoint through this API;
the sandbox stores the traffic as a resource of its own type.
"""

import re

from catalogue.kinds.azure.authorization import ROLE_ASSIGNMENT, ROLE_DEFINITION
from catalogue.kinds.azure.machinelearningservices import ONLINE_DEPLOYMENT, SERVED
from catalogue.kinds.azure.mlplatform import APPROVED_VERSION, TRAFFIC
from catalogue.marked import Json
from catalogue.registered import APPROVALS, APPROVED, REJECTED, VERSIONS
from sandbox.rest.arm import ArmDouble, approval, role_assignment
from sandbox.rest.calls import Call
from sandbox.rest.shown import Shown
from sandbox.state import State
from sandbox.state.records import New, Record, Reference

_APPROVAL = re.compile(rf"(?P<model>.+/models/[^/]+){APPROVALS}/versions/(?P<number>[^/]+)")
_OWN = ("location", "tags", "kind", "identity", "sku", "properties")
_IN_TRAFFIC = ("traffic", "mirrorTraffic", "provisioningState")


class KeptArm:
    """A `double` of Azure Resource Manager that stores in the sandbox what a call changes."""

    TYPES = (SERVED, ONLINE_DEPLOYMENT, TRAFFIC, ROLE_ASSIGNMENT, ROLE_DEFINITION)

    def __init__(self, state: State) -> None:
        self._state = state
        self._shown = Shown()
        self.double = ArmDouble(resources=self._shown)

    def load(self, changed: set[tuple[str, str]]) -> None:
        """Read from the sandbox which of these resources exist. They are given by type and id."""
        for id_ in {id_.removesuffix("/traffic") for type_, id_ in changed if type_ in self.TYPES}:
            self._load(id_)

    def show_approval(self, path: str) -> None:
        """Show the approval that a call reads, as the sandbox's approver gave it: an undecided version has none."""
        found = _APPROVAL.fullmatch(path)
        if found is not None:
            decision, digest = self._state.account.versions().get(
                f"{found['model']}{VERSIONS}/versions/{found['number']}", ("", "")
            )
            decided = decision in (APPROVED, REJECTED)
            self._shown.load(path, approval(path, digest, decision == REJECTED) if decided else None)

    def keep(self) -> None:
        """Store what the call changed."""
        for id_, before in self._shown.changed().items():
            owner, after = self._owner(id_), self._shown.get(id_)
            if owner is not None and after is None:
                self._state.resources.put(owner, None)
            elif owner is not None and after is not None:
                self._keep_written(owner, before, after)

    def _owner(self, id_: str) -> Record | None:
        resources = self._state.resources
        return resources.get(SERVED, id_) or resources.get(ONLINE_DEPLOYMENT, id_)

    def _traffic(self, id_: str) -> Record | None:
        return self._state.resources.get(TRAFFIC, f"{id_}/traffic")

    def _load(self, id_: str) -> None:
        if "/roleAssignments/" in id_:
            role = self._state.resources.get(ROLE_ASSIGNMENT, id_)
            self._shown.load(id_, role_assignment(id_, role.created) if role else None)
            return
        if "/roleDefinitions/" in id_:
            role = self._state.resources.get(ROLE_DEFINITION, id_)
            self._shown.load(id_, role_assignment(id_, role.created) if role else None)
            return
        record = self._owner(id_)
        shown: Json | None = None
        if record is not None:
            shown = {name: value for name, value in {**record.inputs, **record.outputs}.items() if name in _OWN}
            traffic = self._traffic(id_)
            now: Json = traffic.outputs if traffic else {"traffic": {}, "mirrorTraffic": {}}
            shown["properties"] = {"provisioningState": "Succeeded", **shown.get("properties", {}), **now}
            shown = {"id": id_, "name": id_.rpartition("/")[2], **shown}
        self._shown.load(id_, shown)

    def _keep_written(self, owner: Record, before: Json, after: Json) -> None:
        changed = {name: after[name] for name in _OWN if name in after and _still(after, name) != _still(before, name)}
        if changed:
            self._state.resources.update(owner.key, owner.inputs, {**owner.outputs, **changed})
        now: Json = {name: after["properties"].get(name) for name in _IN_TRAFFIC}
        shares: Json = {**(now["traffic"] or {}), **(now["mirrorTraffic"] or {})}
        wanted = New(
            type=TRAFFIC,
            id=f"{owner.id}/traffic",
            platform="azure",
            account=owner.account,
            region=owner.region,
            name=owner.id.rpartition("/")[2],
            inputs={},
            outputs=now,
            links=[
                Reference("traffic", f"{owner.id}/deployments/{name}", (ONLINE_DEPLOYMENT,), holds=True)
                for name in shares
            ],
        )
        stays = shares or now["provisioningState"] != "Succeeded"
        self._state.resources.put(self._traffic(owner.id), wanted if stays else None)


def changed_by(call: Call) -> tuple[str, str]:
    """Type and name of our resource that a call of Azure Resource Manager changes, or reads in the registry."""
    if found := _APPROVAL.fullmatch(call.path):
        return APPROVED_VERSION, f"{found['model'].rpartition('/')[2]}/{found['number']}"
    return TRAFFIC, call.path.partition("/onlineEndpoints/")[2].partition("/")[0]


def _still(document: Json, name: str) -> object:
    """A part of an endpoint without its traffic."""
    if name != "properties":
        return document.get(name)
    return {key: value for key, value in document["properties"].items() if key not in _IN_TRAFFIC}
