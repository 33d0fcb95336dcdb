"""The AWS provider: the connection to one account in one region."""

import json
from typing import Any, cast

from catalogue.kind import At, No, documented, from_source, setting
from catalogue.kinds.aws import READ
from catalogue.properties import Malformed, Properties

PROVIDER = "pulumi:providers:aws"

_PAGE = documented("https://www.pulumi.com/registry/packages/aws/installation-configuration/", READ)
_WIRE = from_source("https://www.pulumi.com/docs/iac/concepts/resources/providers/", READ)

KINDS = (
    setting(
        PROVIDER,
        "the program",
        _WIRE,
        stands=At("region", _PAGE),
        acts=No("Pulumi makes it, no cloud", _WIRE),
        renders=No("it is the configuration of Terraform's provider, and no resource there", _WIRE),
    ),
)


def allowed_accounts(provider: Properties) -> list[str]:
    """The accounts that a provider accepts. Empty where it accepts any.

    A provider's inputs have lists as JSON texts.
    """
    key = "allowedAccountIds"
    value: Any = provider.value_or_none(key)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = ""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Malformed(key, "is no list of accounts", provider.owner)
    return [str(account) for account in cast(list[Any], value)]
