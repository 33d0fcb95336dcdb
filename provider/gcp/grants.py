"""mlplatform:gcp:GrantsInForce: waits until grants of IAM are old enough to be in force.

Google answers that a grant is made before all of its services know. A bucket that is made at once with a key of one's
own is then refused (403, "Permission denied on Cloud KMS key"). A policy does not say when a grant was made, and nobody
may ask what another account is allowed. So this resource sees that each grant stands, and then lets time pass.
`opts` that name properties use wire names.
"""

import re
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

import pulumi

from provider import Json, Number, Text
from provider.errors import CloudError, ProviderError, Unsure
from provider.ids import digest
from provider.inputs import Allowed, Inputs, ProjectId
from provider.service import Created, Service

TOKEN = "mlplatform:gcp:GrantsInForce"
PATIENCE = 300.0
"""Seconds for which a new grant may be missing in its policy, or the policy be unreadable. Then the wait ends."""

_GRANT = (
    r"^(?P<on>.+?)/(?P<role>((projects|organizations)/[^/]+/)?roles/[^/]+)/(?P<member>[a-zA-Z]+:[^/]+)"
    r"(/(?P<title>[^/]*).*)?$"
)
_VERSION = "options.requestedPolicyVersion"
_IN_BODY = ""
_HOSTS = (
    (r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+", "cloudkms", "GET", "/v1/{on}", _VERSION),
    (r"b/[^/]+", "storage", "GET", "/storage/v1/{on}", "optionsRequestedPolicyVersion"),
    (r"projects/[^/]+/locations/[^/]+/repositories/[^/]+", "artifactregistry", "GET", "/v1/{on}", _VERSION),
    (r"projects/[^/]+/serviceAccounts/[^/]+", "iam", "POST", "/v1/{on}", _VERSION),
    (r"(projects/)?[^/]+", "cloudresourcemanager", "POST", "/v1/projects/{on}", _IN_BODY),
)
"""For each thing that grants are on: the API that has its policy, how the policy is read, and where a version is asked
for that shows conditions. From the discovery documents of the APIs, `getIamPolicy`."""


class GrantsInForce(pulumi.CustomResource):
    """Waits until each of the `grants` stands, and then `minutes` more. Makes and deletes nothing.

    A grant is the id of an IAM member of pulumi-gcp, on a key, a bucket, a repository, a service account or a project.
    The questions count against `project`. What needs the grants depends on this resource. It waits again when the list
    changes, and when a refresh finds that a grant was taken. It refuses a grant that does not stand.

    Source: "Access change propagation": typically 2 minutes, potentially 7 minutes or longer, at
    https://cloud.google.com/iam/docs/access-change-propagation
    """

    def __init__(
        self,
        name: str,
        *,
        project: Text,
        grants: pulumi.Input[list[pulumi.Input[str]]],
        minutes: Number,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(TOKEN, name, {"project": project, "grants": grants, "minutes": minutes}, opts)


GrantId = Annotated[str, Allowed(pattern=r"^.+/roles/[^/]+/[a-zA-Z]+:[^/]+(/[\s\S]*)?$")]


@dataclass(frozen=True, kw_only=True)
class GrantsInForceInputs(Inputs):
    """Inputs of mlplatform:gcp:GrantsInForce."""

    project: ProjectId
    grants: Annotated[list[GrantId], Allowed(min_length=1)]
    minutes: Annotated[int, Allowed(ge=1, le=60)]


class Grant(NamedTuple):
    """A role for a member on a resource. `title` is that of the condition, and empty where there is none."""

    on: str
    role: str
    member: str
    title: str


def parsed_grant(id_: str) -> Grant:
    """The grant with that id: resource, role and member, and the title, description and expression of a condition."""
    found = re.match(_GRANT, id_, re.DOTALL)
    if found is None:
        raise ProviderError(f"grant {id_!r}: is no id of an IAM member; give the id of the resource that makes it")
    return Grant(found["on"], found["role"], found["member"], found["title"] or "")


class GrantsInForceService(Service[GrantsInForceInputs]):
    """Looks at policies and waits. It owns nothing in the cloud."""

    token = TOKEN
    inputs = GrantsInForceInputs
    outputs: ClassVar = {"missing": "number"}
    replaces = frozenset[str]()
    healed: ClassVar = {"missing": 0}

    @staticmethod
    def shape(inputs: GrantsInForceInputs) -> object:
        """Nothing is missing after any wait."""
        return ()

    def create(self, inputs: GrantsInForceInputs) -> Created:
        """Wait, as `update` does."""
        return Created(f"grants-{digest(sorted(inputs.grants))[:16]}", self.update(inputs))

    def update(self, inputs: GrantsInForceInputs) -> Json:
        """See that every grant stands, and then wait for `minutes`. Raises ProviderError where one does not stand."""
        wanted: dict[str, list[Grant]] = {}
        for id_ in inputs.grants:
            grant = parsed_grant(id_)
            wanted.setdefault(grant.on, []).append(grant)
        for on, grants in wanted.items():
            self._wait_for(inputs.project, on, grants)
        self.clouds.clock.sleep(60.0 * inputs.minutes)
        return {"missing": 0}

    def read(self, id: str, state: Json) -> Json | None:
        """How many of the grants are gone. There is nothing to import."""
        ids: list[str] = state.get("grants") or []
        if not ids:
            return None
        grants = [parsed_grant(id_) for id_ in ids]
        policies = {on: self._policy(str(state.get("project", "")), on) for on in {grant.on for grant in grants}}
        return {"missing": sum(not _stands(grant, policies[grant.on]) for grant in grants)}

    def delete(self, id: str) -> None:
        """Do nothing: the grants are others' to take."""

    def _wait_for(self, project: str, on: str, grants: list[Grant]) -> None:
        """Look until the policy has all the grants. A server that fails is asked again within PATIENCE."""
        clock, start = self.clouds.clock, self.clouds.clock.now()

        def look() -> bool | None:
            late = clock.now() - start > PATIENCE
            try:
                policy = self._policy(project, on)
            except Unsure:
                if late:
                    raise
                return None
            except CloudError as error:
                if late or not (error.status == 408 or error.status >= 500):
                    raise
                return None
            missing = next((grant for grant in grants if not _stands(grant, policy)), None)
            if missing is not None and late:
                raise ProviderError(
                    f"{missing.member} does not have {missing.role} on {on}; give the role before its wait"
                )
            return True if missing is None else None

        self.clouds.google(_how(on)[0]).until(look, f"grants on {on}", 2 * PATIENCE)

    def _policy(self, project: str, on: str) -> Json | None:
        """The policy of what grants are on. None where that is gone."""
        host, method, path, asked = _how(on)
        try:
            return (
                self.clouds.google(host, project)
                .call(
                    method,
                    path,
                    f"grants on {on}",
                    params={asked: "3"} if asked else None,
                    json=None if asked else {"options": {"requestedPolicyVersion": 3}},
                )
                .body
            )
        except CloudError as error:
            if error.status == 404:
                return None
            raise


def _how(on: str) -> tuple[str, str, str, str]:
    """The host, the method, the path and the query by which the policy of `on` is read."""
    api, method, path, asked = next((how[1:] for how in _HOSTS if re.fullmatch(how[0], on)), ("", "", "", ""))
    if not api:
        raise ProviderError(f"grant on {on}: is on none of a key, bucket, repository, service account and project")
    named = path.format(on=on.removeprefix("projects/") if api == "cloudresourcemanager" else on)
    return f"{api}.googleapis.com", method, f"{named}/iam" if api == "storage" else f"{named}:getIamPolicy", asked


def _stands(grant: Grant, policy: Json | None) -> bool:
    bindings: list[Json] = (policy or {}).get("bindings", [])
    return any(_gives(binding, grant) for binding in bindings)


def _gives(binding: Json, grant: Grant) -> bool:
    members: list[str] = binding.get("members", [])
    condition: Json = binding.get("condition") or {}
    same = binding.get("role") == grant.role and condition.get("title", "") == grant.title
    return same and grant.member.casefold() in {member.casefold() for member in members}
