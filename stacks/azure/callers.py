"""Callers from elsewhere on Azure: their way in and their right, and what each needs to call."""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.azure.callers import NAMES, CallerArgs, Callers, CallersArgs
from stacks.azure.ground import Ground, endpoint_name
from stacks.model import StackConfig
from stacks.sections import callers, endpoints, workspace

_TOKEN = "az account get-access-token --resource https://ml.azure.com --query accessToken --output tsv"


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Let the callers in, and say how each endpoint is called.

    The URL is the same from everywhere: in each network a private zone leads its name to a private endpoint. A caller
    with one of its own asks for the workspace's connection, which its owner approves.
    """
    asked = callers.of(config)
    # Azure takes one peering between two networks, and people's own has it.
    peoples = {network.casefold() for network in workspace.networks_of(config)}
    if asked:
        Callers(
            f"{ground.stack}-callers",
            CallersArgs(
                subscription=ground.account,
                group_name=ground.group_name,
                group_id=ground.group_id,
                virtual_network_id=ground.virtual_network_id,
                zone_id=ground.names_zone_id,
                endpoint_ids=ground.served,
                callers={
                    name: CallerArgs(
                        network_id=one.network if one.is_joined and one.network.casefold() not in peoples else None,
                        principal_id=one.identity or None,
                    )
                    for name, one in asked.items()
                },
                tags=ground.tags,
            ),
            opts=ground.opts,
        )
    routes = {name: ground.models[item.model].predict_route for name, item in endpoints.online(config).items()}
    calls = {name: _call(ground, name, routes[name]) for name in ground.served}
    there = {
        name: {
            "principal": one.identity or None,
            "calls": calls,
            **({} if one.is_joined else _own(ground)),
        }
        for name, one in asked.items()
    }
    return {"calls": calls, "callers": there}


def _call(ground: Ground, name: str, route: str) -> Mapping[str, Any]:
    """The endpoint's address ends in the route of its container, as the environment says it (`scoringRoute`)."""
    served = endpoint_name(ground, name)
    url = f"https://{served}.{ground.region}.inference.ml.azure.com{route}"
    return {"url": url, "command": f'curl --header "Authorization: Bearer $({_TOKEN})" --json @request.json {url}'}


def _own(ground: Ground) -> Mapping[str, Any]:
    """What a caller makes in its own network: a private endpoint, its name in a zone, and the owner's approval.

    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-configure-private-link
    """
    asks = "az network private-endpoint create --name mlplatform --resource-group GROUP --vnet-name NETWORK --subnet"
    return {
        "workspace": ground.workspace_id,
        "zone": NAMES,
        "first": pulumi.Output.format(
            "{0} SUBNET --connection-name {1} --group-id amlworkspace --manual-request true "
            "--private-connection-resource-id {2}",
            asks,
            ground.stack,
            ground.workspace_id,
        ),
        "approved_by": pulumi.Output.format(
            "az network private-endpoint-connection approve --id {0}/privateEndpointConnections/CONNECTION",
            ground.workspace_id,
        ),
    }
