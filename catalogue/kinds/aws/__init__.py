"""The kinds of AWS: a file a service. What is the same for every type stands here: where its facts were read.

What a resource answers has the shape of AWS's own: ARNs as in the Service Authorization Reference ("Resource types
defined by …"), ids of EC2 with 17 digits as in its user guide. The pattern of a name, and what a second create of the
same thing meets, are those of the service's API reference: a Put or Register call overwrites, and CreateTopic and
CreateStateMachine are idempotent; other calls list an error such as EntityAlreadyExists.
"""

from typing import Any, cast

from catalogue.answers import Answering
from catalogue.behaviour import Behaviour
from catalogue.kind import Acts, At, Evidence, No, Renders, assumed, documented, from_source
from catalogue.properties import Malformed, Properties
from catalogue.rendering import Terraform

READ = "2026-11-26"
"""The day on which the pages of this folder were read."""

NOT_MADE = No("no stack of ours makes one", assumed("a test holds it against the pilot's resources", READ))
"""For `acts`: the kinds that policies know only to forbid them."""

_BRIDGED = "https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service/"
_TERRAFORM = "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/"


def registry(token: str) -> Evidence:
    """The page of a resource type in Pulumi's registry, which lists its inputs; a test holds them against the SDK."""
    _, module, name = token.split(":")
    page = f"{module.partition('/')[0]}/{name.lower()}"
    return from_source(f"https://www.pulumi.com/registry/packages/aws/api-docs/{page}/", READ)


def tagged(token: str) -> At:
    """The tags of a type that takes them."""
    return At("tags", registry(token))


def regional(token: str) -> At:
    """The region that a resource may name for itself; without it, it stands where its provider does."""
    return At("region", registry(token))


def acts(service: str, answer: Answering, behaviour: Behaviour) -> Acts:
    """How AWS treats a type of a service. What replaces it is not said here, but generated from the provider's schema.

    `service` is the folder of that provider's source in which the type stands.
    """
    return Acts(answer, behaviour, from_source(f"{_BRIDGED}{service}", READ))


def terraform(name: str, /, **renamed: str) -> Renders:
    """The Terraform type `aws_<name>`. `renamed` are the attributes that the bridge renamed: Pulumi to Terraform."""
    return Renders(Terraform(f"aws_{name}", renamed), documented(f"{_TERRAFORM}{name}", READ))


def count(props: Properties, path: str) -> int:
    """How many elements the list at a path has, whether or not each is known before `up`; 0 where there is none."""
    value: Any = props.value_or_none(path)
    if value is not None and not isinstance(value, list):
        raise Malformed(path, "is no list", props.owner)
    return len(cast(list[Any], value or []))
