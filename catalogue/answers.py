"""What a cloud answers when a resource is created: its id and the outputs that the cloud computes.

What many kinds of one cloud have in common is a function here that makes an `Answering`. An answer depends on the
request only, so it is the same in every run.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast


@dataclass(frozen=True)
class Answer:
    """The answer of a cloud to a create: the provider's id, and the computed outputs beside the inputs."""

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
        """Hexadecimal digits of this resource. They are the same in every run."""
        return hashlib.sha256(f"{self.urn}{salt}".encode()).hexdigest()[:length]

    def digits(self, length: int) -> str:
        """Decimal digits of this resource. They are the same in every run, and the first is no zero."""
        return str(int(self.hex(32), 16) % (9 * 10 ** (length - 1)) + 10 ** (length - 1))

    def physical_name(self, key: str = "name") -> str:
        """The name given under `key`, or one as Pulumi's auto-naming makes it: logical name, dash, seven digits."""
        given = self.inputs.get(key)
        return str(given) if given else f"{self.name}-{self.hex(7)}"


Answering = Callable[[Request], Answer]
"""How a kind answers a create."""
Lookup = Callable[[Mapping[str, Any], str, str], Mapping[str, Any]]
"""How a data look-up is answered, from its arguments and the provider's account and region."""


def guid(digits: str) -> str:
    """A GUID of 32 hexadecimal digits."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"


def a_guid(request: Request) -> Answer:
    """A random-looking GUID as id, as Pulumi gives its providers."""
    return Answer(guid(request.hex(32)), {})


# ---- AWS -------------------------------------------------------------------------------------------------------------


def by_id(prefix: str, arn: str | None = None, **more: str) -> Answering:
    """The answer of EC2: an id made of a prefix and 17 digits.

    `more` outputs may use {id}, {region}, {account}, {hex}.
    """

    def answer(request: Request) -> Answer:
        id_ = f"{prefix}-{request.hex(17)}"
        words = {"id": id_, "region": request.region, "account": request.account, "hex": request.hex(17, "x")}
        outputs = {key: value.format(**words) for key, value in more.items()}
        if arn:
            outputs["arn"] = f"arn:aws:ec2:{request.region}:{request.account}:{arn}/{id_}"
        return Answer(id_, outputs)

    return answer


def by_name(arn: str, key: str = "name", id_from: str = "name", **more: str) -> Answering:
    """The answer of most services of AWS: an ARN, and a name that is given under `key` or made up.

    `id_from` says whether the id is the `name` or the `arn`. `arn` and `more` outputs may use {name}, {region},
    {account} and {hex}. `more` may also use {arn}.
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
    """The answer for a setting of something else. The input `key` names that thing, and its name is the id."""

    def answer(request: Request) -> Answer:
        return Answer(str(request.inputs[key]), {})

    return answer


# ---- Google Cloud ----------------------------------------------------------------------------------------------------

_COMPUTE = "https://www.googleapis.com/compute/v1/"
_PROVISIONED = {"goog-pulumi-provisioned": "true"}


def project_number(project: str) -> str:
    """The number of a Google project: twelve digits, the same in every run."""
    return Request("", f"project:{project}", "", {}, project, "").digits(12)


def google_words(request: Request) -> dict[str, str]:
    """What a Google resource name may use in braces: each input that is a text, and where the resource is.

    {number} is the number of the project. {digits} and {hex} belong to the resource.
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
    """The answer of Google: a resource name as id, and a name that is given under `key` or made up.

    `link` adds the self link of the Compute API. `id_` and `more` outputs may use `google_words`. `more` may also use
    {id}.
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
    """The answer for a resource that Google names by a number. Its name is its id."""

    def answer(request: Request) -> Answer:
        name = id_.format(**google_words(request))
        return Answer(name, {"name": name})

    return answer


def member_of(policy: str) -> Answering:
    """The answer for a member of a Google IAM policy. Its id is policy, role, member and the condition's title."""

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
"""Further outputs of a kind, made from the request, the id and the name."""


def _nothing(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    return {}


def by_path(path: str, key: str, more: More = _nothing) -> Answering:
    """The answer of Azure: a path in a resource group as id. It ends in a name that is given under `key` or made up.

    `path` may use {inputs} that name the parents. The made-up name of a child is its logical name, without digits.
    """

    def answer(request: Request) -> Answer:
        child = path.count("/{") > 0
        name = str(request.inputs.get(key) or (request.name if child else f"{request.name}{request.hex(8)}"))
        group = f"/subscriptions/{request.account}/resourceGroups/{request.inputs['resourceGroupName']}"
        id_ = f"{group}/providers/{path.format(**request.inputs)}/{name}"
        return Answer(id_, {"name": name, **_identities(request), **more(request, id_, name)})

    return answer


def by_scope(provider: str, key: str, scope: str = "scope") -> Answering:
    """The answer for an extension of an Azure resource, which the input `scope` names.

    Its id begins with that one's id.
    """

    def answer(request: Request) -> Answer:
        name = str(request.inputs.get(key) or guid(request.hex(32)))
        return Answer(f"{request.inputs[scope]}/providers/{provider}/{name}", {"name": name})

    return answer


def _identities(request: Request) -> Mapping[str, Any]:
    """The identities of a resource. The program gives a list, and Azure answers with a map that has the ids of each."""
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
