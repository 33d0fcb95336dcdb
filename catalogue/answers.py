"""What a cloud answers when a resource is created: its id and the outputs that the cloud computes.

The manners that many kinds of one cloud share stand here as functions that make an `Answering`. An answer follows from
the request alone, so it is the same in every run.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True)
class Answer:
    """What a cloud answers to a create: the provider's id, and the computed outputs beside the inputs."""

    id: str
    outputs: Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """One resource that is to be created. `account` and `region` are those of the provider it is created with."""

    type: str
    urn: str
    name: str
    inputs: Mapping[str, Any]
    account: str
    region: str

    def hex(self, length: int, salt: str = "") -> str:
        """Hexadecimal digits that are this resource's own and the same in every run."""
        return hashlib.sha256(f"{self.urn}{salt}".encode()).hexdigest()[:length]

    def digits(self, length: int) -> str:
        """Decimal digits, the first of them no zero, that are this resource's own and the same in every run."""
        return str(int(self.hex(32), 16) % (9 * 10 ** (length - 1)) + 10 ** (length - 1))

    def physical_name(self, key: str = "name") -> str:
        """The name given under `key`, or the one Pulumi's auto-naming would give: logical name, dash, seven digits."""
        given = self.inputs.get(key)
        return str(given) if given else f"{self.name}-{self.hex(7)}"


Answering = Callable[[Request], Answer]
"""How a kind answers a create."""
Lookup = Callable[[Mapping[str, Any], str, str], Mapping[str, Any]]
"""How a data look-up is answered: its arguments, then the provider's account and region."""


def guid(digits: str) -> str:
    """A GUID of 32 hexadecimal digits."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"


def a_guid(request: Request) -> Answer:
    """An id that is a GUID and says nothing, as Pulumi gives its providers."""
    return Answer(guid(request.hex(32)), {})


# ---- AWS -------------------------------------------------------------------------------------------------------------


def by_id(prefix: str, arn: str | None = None, **more: str) -> Answering:
    """EC2's manner: an id of a prefix and 17 digits. `more` outputs may use {id}, {region}, {account}, {hex}."""

    def answer(request: Request) -> Answer:
        id_ = f"{prefix}-{request.hex(17)}"
        words = {"id": id_, "region": request.region, "account": request.account, "hex": request.hex(17, "x")}
        outputs = {key: value.format(**words) for key, value in more.items()}
        if arn:
            outputs["arn"] = f"arn:aws:ec2:{request.region}:{request.account}:{arn}/{id_}"
        return Answer(id_, outputs)

    return answer


def by_name(arn: str, key: str = "name", id_from: str = "name", **more: str) -> Answering:
    """The manner of most services of AWS: a name, given under `key` or made up, and an ARN with it.

    The id is the one that `id_from` says, `name` or `arn`. `arn` and `more` outputs may use {name}, {region},
    {account} and {hex}; `more` {arn} too.
    """

    def answer(request: Request) -> Answer:
        words = {
            "name": request.physical_name(key),
            "region": request.region,
            "account": request.account,
            "hex": request.hex(12),
        }
        words["arn"] = arn.format(**words)
        outputs = {key: words["name"], "arn": words["arn"]}
        outputs |= {field: value.format(**words) for field, value in more.items()}
        return Answer(words[id_from], outputs)

    return answer


def attached_to(key: str) -> Answering:
    """A setting of something else, which the input `key` names: its id is that name."""

    def answer(request: Request) -> Answer:
        return Answer(str(request.inputs[key]), {})

    return answer


# ---- Google Cloud ----------------------------------------------------------------------------------------------------

_COMPUTE = "https://www.googleapis.com/compute/v1/"
_PROVISIONED = {"goog-pulumi-provisioned": "true"}


def project_number(project: str) -> str:
    """The twelve digits of a Google project, which are its own and the same in every run."""
    return Request("", f"project:{project}", "", {}, project, "").digits(12)


def google_words(request: Request) -> dict[str, str]:
    """What a resource name of Google's may use in braces: each input that is a text, and where the resource is.

    {number} is the project's, {digits} and {hex} are the resource's own.
    """
    given = {key: str(value) for key, value in request.inputs.items() if isinstance(value, str)}
    return {
        **given,
        "project": str(request.inputs.get("project") or request.account),
        "region": str(request.inputs.get("region") or request.region),
        "location": str(request.inputs.get("location") or request.region),
        "number": project_number(request.account),
        "digits": request.digits(19),
        "hex": request.hex(16),
    }


def by_resource_name(id_: str, key: str = "name", link: bool = False, **more: str) -> Answering:
    """Google's manner: a name, given under `key` or made up, and a resource name as the id.

    `link` adds the Compute API's self link. `id_` and `more` outputs may use `google_words`; `more` {id} too.
    """

    def answer(request: Request) -> Answer:
        words = google_words(request) | {key: request.physical_name(key)}
        words["id"] = id_.format(**words)
        outputs: dict[str, Any] = {key: words[key], **{field: value.format(**words) for field, value in more.items()}}
        if link:
            outputs["selfLink"] = _COMPUTE + words["id"]
        labels = request.inputs.get("labels")
        if isinstance(labels, Mapping):  # while they are unknown, so is what Google makes of them
            outputs["effectiveLabels"] = {**cast(Mapping[str, Any], labels), **_PROVISIONED}
        return Answer(words["id"], outputs)

    return answer


def numbered(id_: str) -> Answering:
    """A resource that Google names by a number of its own: its name is its id."""

    def answer(request: Request) -> Answer:
        name = id_.format(**google_words(request))
        return Answer(name, {"name": name})

    return answer


def member_of(policy: str) -> Answering:
    """One member of an IAM policy of Google's: its id is the policy, the role, the member and the condition's title."""

    def answer(request: Request) -> Answer:
        words = google_words(request)
        condition: Mapping[str, Any] = request.inputs.get("condition") or {}
        parts = [policy.format(**words), words["role"], words["member"], str(condition.get("title", ""))]
        return Answer("/".join(part for part in parts if part), {"etag": f"BwY{request.hex(8)}="})

    return answer


# ---- Azure -----------------------------------------------------------------------------------------------------------

TENANT = "99998888-7777-4666-8555-444433332222"
"""The tenant of every simulated subscription."""
More = Callable[[Request, str, str], Mapping[str, Any]]
"""Outputs of a kind's own, from the request, the id and the name."""


def _nothing(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    return {}


def by_path(path: str, key: str, more: More = _nothing) -> Answering:
    """Azure's manner: a path in a resource group as the id, and a name at its end, given under `key` or made up.

    `path` may use {inputs} that name the parents. A child's made-up name is its logical name, without digits.
    """

    def answer(request: Request) -> Answer:
        child = path.count("/{") > 0
        name = str(request.inputs.get(key) or (request.name if child else f"{request.name}{request.hex(8)}"))
        group = f"/subscriptions/{request.account}/resourceGroups/{request.inputs['resourceGroupName']}"
        id_ = f"{group}/providers/{path.format(**request.inputs)}/{name}"
        return Answer(id_, {"name": name, **_identities(request), **more(request, id_, name)})

    return answer


def by_scope(provider: str, key: str, scope: str = "scope") -> Answering:
    """An extension of the Azure resource that the input `scope` names: its id begins with that one's."""

    def answer(request: Request) -> Answer:
        name = str(request.inputs.get(key) or guid(request.hex(32)))
        return Answer(f"{request.inputs[scope]}/providers/{provider}/{name}", {"name": name})

    return answer


def _identities(request: Request) -> Mapping[str, Any]:
    """Identities are asked for as a list and answered as a map, each with what it is known by."""
    identity = request.inputs.get("identity")
    if not isinstance(identity, dict):
        return {}
    known = {
        id_: {
            "clientId": guid(request.hex(32, f"{id_}client")),
            "principalId": guid(request.hex(32, f"{id_}principal")),
        }
        for id_ in cast(dict[str, Any], identity).get("userAssignedIdentities", ())
    }
    return {"identity": {**identity, "userAssignedIdentities": known}}
