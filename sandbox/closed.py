"""What keeps whoever stands outside from a store of images or artifacts: a registry or bucket closed to the internet.

A registry of Azure says so as in https://github.com/docker/build-push-action/issues/1214, its storage as in
https://learn.microsoft.com/en-us/troubleshoot/azure/azure-storage/blobs/authentication/storage-troubleshoot-403-errors,
and AWS as in https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html. A bucket of Google is
closed by its IP filter (https://cloud.google.com/storage/docs/ip-filtering-overview), with a sentence that is assumed.
Artifact Registry has no such filter. Who may write is asked of nobody here: what is brought is brought by whoever may.
"""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from catalogue.behaviour import values_at
from catalogue.iam import Call, denial, read_text
from catalogue.kinds.aws.ec2 import VPC_ENDPOINT
from catalogue.kinds.aws.s3 import BUCKET_POLICY
from catalogue.kinds.azure.containerregistry import REGISTRY
from catalogue.kinds.azure.machinelearningservices import LINKS
from catalogue.kinds.azure.storage import ACCOUNT, CONTAINER
from catalogue.kinds.gcp import VPC
from catalogue.kinds.gcp.storage import BUCKET
from catalogue.properties import Unreadable
from catalogue.registries import as_written
from sandbox.dataplane.azure import private_ways, zones_of
from sandbox.state import State
from sandbox.state.records import Record

INTERNET = "203.0.113.7"
"""Where whoever stands outside comes from: an address of nobody's (https://www.rfc-editor.org/rfc/rfc5737)."""


def refusal(state: State, address: str, outside: bool) -> str:
    """What the cloud says to whoever brings an image or an artifact to its address. Empty where it takes it.

    From `outside` that person comes from the internet, else from the network of the stack. Stores that do not stand
    here are taken to be open: nobody knows them.
    """
    answers = list(_answers(state, address, outside))
    return "" if "" in answers else next(iter(answers), "")


def _answers(state: State, address: str, outside: bool) -> Iterator[str]:
    """The answer of each store that stands here and goes by that address."""
    scheme, _, rest = address.partition("://")
    name = (rest or address).partition("/")[0].partition(".")[0]
    if scheme == "s3":
        for policy in state.resources.find(type=BUCKET_POLICY):
            if policy.inputs.get("bucket") == (bucket := rest.partition("/")[0]):
                yield _denied(state, policy, f"arn:aws:s3:::{rest}", outside, bucket)
    elif scheme == "gs":
        for bucket in state.resources.find(type=BUCKET, id=rest.partition("/")[0]):
            yield _filtered(state, bucket, outside)
    elif scheme == "azureml":
        ends = f"/containers/{as_written(address).split('/')[3]}"
        for container in state.resources.find(type=CONTAINER):
            account = state.resources.get(ACCOUNT, container.id.partition("/blobServices/")[0])
            if container.id.endswith(ends) and account is not None:
                yield _shut(state, account, "blob", outside) and (
                    "This request is not authorized to perform this operation. ErrorCode:AuthorizationFailure: "
                    f"{account.inputs.get('accountName')} is closed to the internet"
                )
    elif address.partition("/")[0].endswith(".azurecr.io"):
        for registry in state.resources.find(type=REGISTRY):
            if registry.id.rpartition("/")[2].casefold() == name.casefold():
                yield _shut(state, registry, "registry", outside) and (
                    f'Error response from daemon: Get "https://{name}.azurecr.io/v2/": denied: client with IP '
                    f"'{INTERNET}' is not allowed access. Refer https://aka.ms/acr/firewall to grant access."
                )


def _shut(state: State, store: Record, group: str, outside: bool) -> str:
    """Whether a store of Azure is shut to whoever stands there; "" for no.

    One that is closed to the internet is reached by a private endpoint that has a name in a zone.
    """
    rules = [*values_at(store.inputs, "networkRuleSet.defaultAction"), store.inputs.get("publicNetworkAccess")]
    if not {"Deny", "Disabled"} & set(rules):
        return ""
    ways = [] if outside else private_ways(state, store.id, group)
    return "" if any(any(zones_of(state, way, *LINKS[group].zones)) for way in ways) else "shut"


def _denied(state: State, policy: Record, arn: str, outside: bool, bucket: str) -> str:
    """Whether a bucket's policy denies the upload from there to everybody. A policy that cannot be read denies none."""
    said: Mapping[str, Any] = {
        "aws:PrincipalAccount": policy.account,
        "aws:ResourceAccount": policy.account,
        "aws:SecureTransport": "true",
        "aws:PrincipalArn": "",
        "aws:PrincipalOrgID": "",
        "aws:RequestedRegion": policy.region,
    }
    ways = [{"aws:SourceIp": INTERNET}]
    if not outside:
        ways = [
            {"aws:SourceVpc": str(way.inputs.get("vpcId")), "aws:SourceVpce": way.id, "aws:VpcSourceIp": ""}
            for way in state.resources.find(type=VPC_ENDPOINT, account=policy.account)
            if str(way.inputs.get("serviceName")).endswith(".s3")
        ] or ways
    try:
        for_all = [one for one in read_text(str(policy.inputs.get("policy") or "")) if one.is_for("AWS")]
        if not all(denial(for_all, Call("s3:PutObject", arn, {**said, **way})) for way in ways):
            return ""
    except Unreadable:
        return ""
    return (
        "An error occurred (AccessDenied) when calling the PutObject operation: User: "
        f"arn:aws:sts::{policy.account}:assumed-role/publisher/session is not authorized to perform: s3:PutObject on "
        f'resource: "{arn}" with an explicit deny in a resource-based policy of {bucket}'
    )


def _filtered(state: State, bucket: Record, outside: bool) -> str:
    """Whether a bucket of Google lets no request in from there, for its filter names neither address nor network."""
    if "Enabled" not in values_at(bucket.inputs, "ipFilter.mode"):
        return ""
    ranges = values_at(bucket.inputs, "ipFilter.publicNetworkSource.allowedIpCidrRanges")
    networks = [str(one) for one in values_at(bucket.inputs, "ipFilter.vpcNetworkSources.network")]
    own = [one for one in state.resources.find(type=VPC) if any(said.endswith(one.id) for said in networks)]
    named = any(ip_address(INTERNET) in ip_network(one) for each in ranges for one in each)
    if named if outside else own:
        return ""
    return "HTTPError 403: There is an IP filtering condition that is preventing access to the resource."
