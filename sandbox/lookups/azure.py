"""What the simulated Azure answers to data look-ups."""

from collections.abc import Mapping
from typing import Any

from catalogue.answers import TENANT, Lookup


def _client_config(args: Mapping[str, Any], account: str, region: str) -> Mapping[str, Any]:
    """The deployer: a person of the tenant, in the provider's subscription."""
    return {
        "clientId": "04b07795-8ddb-461a-bbee-02f9e1bf7b46",  # the Azure CLI's own application
        "objectId": "99998888-7777-4666-8555-000000000001",
        "subscriptionId": account,
        "tenantId": TENANT,
    }


LOOKUPS: Mapping[str, Lookup] = {"azure-native:authorization:getClientConfig": _client_config}
