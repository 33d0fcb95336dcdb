"""Programs elsewhere that call the endpoints: their way in, and their right to call."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.azure.identity import assignable, grant, own_role
from components.azure.joining import linked, peered
from components.given import Args, Tags, Text

SCORE = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action"
"""What a call takes. https://learn.microsoft.com/en-us/azure/machine-learning/how-to-authenticate-online-endpoint"""
NAMES = "privatelink.api.azureml.ms"
"""The zone in which the name of every online endpoint of a private workspace ends.

https://learn.microsoft.com/en-us/azure/machine-learning/how-to-custom-dns
"""


@dataclass(kw_only=True)
class CallerArgs(Args):
    """One caller: the network that it stands in, where that is joined, and who it is, where it is granted the call."""

    network_id: str | None = None
    """The id of a virtual network that is to be joined. Where none is given, the caller has a private endpoint of its
    own, or its network is joined already. It must be known."""
    principal_id: str | None = None
    """The object id of the caller's service principal or managed identity in Entra ID. It must be known."""


@dataclass(kw_only=True)
class CallersArgs(Args):
    """The callers, the endpoints that they call, and the network that theirs are joined to."""

    subscription: Text
    """The id of the subscription, whose role definitions are given."""
    group_name: Text
    """The name of the resource group of the network and of its zones."""
    group_id: Text
    """The id of the resource group, in which alone the role can be given."""
    virtual_network_id: Text | None = None
    """The network to which those of callers are joined, of Network. Where none is given, they are joined already.
    Whether it is given must be known."""
    zone_id: Text | None = None
    """The id of the private zone privatelink.api.azureml.ms that the callers' networks are to read. Where none is
    given, they read it already. Whether it is given must be known."""
    endpoint_ids: Mapping[str, Text]
    """The ids of the online endpoints by name. The names must be known."""
    callers: Mapping[str, CallerArgs]
    """The callers by name. They must be known."""
    tags: Tags
    """The tags of everything that can carry some."""


class Callers(pulumi.ComponentResource):
    """Creates, for each network of a caller, this side's half of a peering and a link to the zone of endpoints' names.

    The other side makes its own half. A peering lets no traffic of third networks through, and neither side uses the
    gateway of the other. A network reads one zone of a name: where a caller's reads another one already, its owner
    registers the endpoint there. The network's rules let HTTPS in from networks that are joined.

    Each caller with a principal gets a role of our own on each endpoint, which allows a call and nothing else.

    Sources: https://learn.microsoft.com/en-us/azure/virtual-network/virtual-network-peering-overview,
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-custom-dns and
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-authenticate-online-endpoint
    """

    caller_names: pulumi.Output[list[str]]
    """The callers by name, known once each has what it needs on this side."""

    def __init__(self, name: str, args: CallersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:Callers", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        networks = sorted({one.network_id for one in args.callers.values() if one.network_id})
        made = [each for network_id in networks for each in self._joined(name, network_id, args)]
        principals = {caller: one.principal_id for caller, one in args.callers.items() if one.principal_id}
        if principals and args.endpoint_ids:
            calls = own_role(name, "call", args.subscription, args.group_id, {"actions": [SCORE]}, self._child)
            role = assignable(name, {"call": calls}, self._child)["call"]
            made += [
                grant(f"{name}-{caller}-{endpoint}", args.subscription, principal, role, id_, self._child).id
                for caller, principal in principals.items()
                for endpoint, id_ in args.endpoint_ids.items()
            ]
        self.caller_names = pulumi.Output.all(*made).apply(lambda _: sorted(args.callers))
        self.register_outputs({"caller_names": self.caller_names})

    def _joined(self, name: str, network_id: str, args: CallersArgs) -> list[pulumi.Output[str]]:
        """The peering and the link of one network."""
        made, own, zone = list[pulumi.Output[str]](), args.virtual_network_id, args.zone_id
        if own is not None:
            made.append(peered(name, "caller", network_id, own, args.group_name, self._child))
        if zone is not None:
            made += linked(name, "caller", network_id, {"link": zone}, args.group_name, args.tags, self._child)
        return made
