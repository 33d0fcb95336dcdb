"""The kinds of AWS, a file a service. This module has what all types share: where their facts were read.

Answers have the shape of AWS's own. ARNs are as in the Service Authorization Reference ("Resource types defined by …"),
and ids of EC2 have 17 digits as in its user guide. The pattern of a name is from the service's API reference, and so is
the result of a second create of the same thing: a Put or Register call overwrites, CreateTopic and CreateStateMachine
are idempotent, and other calls list an error such as EntityAlreadyExists.
"""

from typing import Any, cast

from catalogue.answers import Answering
from catalogue.behaviour import Behaviour
from catalogue.kind import Acts, At, Evidence, No, Renders, Rights, assumed, documented, from_source
from catalogue.properties import Malformed, Properties
from catalogue.rendering import Terraform

READ = "2026-11-26"
"""The day on which the pages of this folder were read."""

NOT_MADE = No("no stack of ours makes one", assumed("a test holds it against the pilot's resources", READ))
"""For `acts`: the answer of kinds that are in the catalogue only to be forbidden."""

_BRIDGED = "https://github.com/hashicorp/terraform-provider-aws/tree/v6.46.0/internal/service/"
_TERRAFORM = "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/"


def registry(token: str) -> Evidence:
    """The page of a resource type in Pulumi's registry. It lists the inputs; a test compares them with the SDK."""
    _, module, name = token.split(":")
    page = f"{module.partition('/')[0]}/{name.lower()}"
    return from_source(f"https://www.pulumi.com/registry/packages/aws/api-docs/{page}/", READ)


SERVICES = "https://docs.aws.amazon.com/service-authorization/latest/reference/"


def asks(service: str, *names: str, deletes: tuple[str, ...] = ()) -> Rights:
    """The actions that it takes to make or change a kind of which CloudFormation has no type, and to delete one.

    Without `deletes` the same action takes the setting away. `service` is the end of the service's page.
    """
    page = documented(f"{SERVICES}list_{service}.html", READ)
    return Rights(names, page, names, deletes or names)


def tagged(token: str) -> At:
    """The tags of a type that takes them."""
    return At("tags", registry(token))


def regional(token: str) -> At:
    """The region that a resource may name. Without it the resource is in the region of its provider."""
    return At("region", registry(token))


def acts(service: str, answer: Answering, behaviour: Behaviour) -> Acts:
    """How AWS treats a type of a service. The provider's schema says what replaces it (`catalogue/generated`).

    `service` is the folder of the type in that provider's source.
    """
    return Acts(answer, behaviour, from_source(f"{_BRIDGED}{service}", READ))


def terraform(name: str, /, **renamed: str) -> Renders:
    """The Terraform type `aws_<name>`. `renamed` are the attributes that the bridge renamed: Pulumi to Terraform."""
    return Renders(Terraform(f"aws_{name}", renamed), documented(f"{_TERRAFORM}{name}", READ))


def count(props: Properties, path: str) -> int:
    """The length of the list at a path, or 0. Elements that are not known before `up` count too."""
    value: Any = props.value_or_none(path)
    if value is not None and not isinstance(value, list):
        raise Malformed(path, "is no list", props.owner)
    return len(cast(list[Any], value or []))
