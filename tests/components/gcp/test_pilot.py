"""The whole pilot on Vertex AI: what waits for what, that each input is one the SDK knows, and how long names get."""

import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from stacks.config import STACKS
from tests.previewing import preview

FILE = STACKS / "Pulumi.gcp-pilot.yaml"


@pytest.fixture(scope="module")
def gcp() -> Graph:
    return preview(FILE)


def below(graph: Graph, resource: Resource) -> set[str]:
    """Everything that a resource waits for, directly or not."""
    seen: set[str] = set()
    waiting = [resource.urn]
    while waiting:
        for other in graph.by_urn[waiting.pop()].dependencies:
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen


def text(value: Any) -> str:
    return repr(value)


@pytest.mark.parametrize("which", ["data", "logs"])
def test_whatever_names_a_key_waits_for_the_grants_of_the_service_agents(gcp: Graph, which: str) -> None:
    """Trap: service agents appear lazily, and a service tries a key as soon as it is named."""
    key = next(k for k in gcp.of("gcp:kms/cryptoKey:CryptoKey") if k.name.endswith(which))
    grants = {g.urn for g in gcp.of("gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember") if f"-{which}-" in g.name}
    users = [r for r in gcp.cloud if key.outputs["id"] in text(r.inputs) and r.urn not in grants]
    assert grants and users
    for user in users:
        assert grants <= below(gcp, user), f"{user.name} may be made before its service may use the key"


def test_whatever_runs_as_a_persona_waits_for_what_the_persona_may_do(gcp: Graph) -> None:
    grants_of: dict[str, set[str]] = {}
    for resource in gcp.cloud:
        member = str(resource.inputs.get("member", "")).removeprefix("serviceAccount:")
        if resource.name.startswith("gcp-pilot-identity-"):
            grants_of.setdefault(member, set()).add(resource.urn)
    found = 0
    for persona, email in gcp.outputs["roles"].items():
        for resource in gcp.cloud:
            if (
                email in text({k: v for k, v in resource.inputs.items() if k != "member"})
                and "identity" not in resource.name
            ):
                assert grants_of[email] <= below(gcp, resource), f"{resource.name} may start before {persona} may act"
                found += 1
    assert found >= 8


def test_what_runs_in_the_network_waits_for_its_way_to_google(gcp: Graph) -> None:
    way = {
        r.urn
        for r in gcp.cloud
        if r.type in ("gcp:dns/recordSet:RecordSet", "gcp:compute/globalForwardingRule:GlobalForwardingRule")
        and r.name.startswith("gcp-pilot-network-")  # the endpoint's own name is no way to Google
    }
    assert len(way) == 9
    for instance in gcp.of("gcp:workbench/instance:Instance"):
        assert way <= below(gcp, instance)


def test_a_grant_on_the_pilots_own_bucket_waits_for_the_bucket(gcp: Graph) -> None:
    (bucket,) = gcp.of("gcp:storage/bucket:Bucket")
    grants = [
        g for g in gcp.of("gcp:storage/bucketIAMMember:BucketIAMMember") if g.inputs["bucket"] == bucket.outputs["name"]
    ]
    assert len(grants) == 13 and all(bucket.urn in below(gcp, grant) for grant in grants)


def test_a_scheduled_start_waits_for_the_agent_that_mints_its_token(gcp: Graph) -> None:
    (role,) = [r for r in gcp.cloud if r.inputs.get("role") == "roles/cloudscheduler.serviceAgent"]
    jobs = gcp.of("gcp:cloudscheduler/job:Job")
    assert len(jobs) == 2 and all(role.urn in below(gcp, job) for job in jobs)


def test_what_holds_state_is_protected_and_what_only_costs_is_not(gcp: Graph) -> None:
    kept = {r.type.partition("/")[0].removeprefix("gcp:") for r in gcp.cloud if r.protect}
    assert kept == {"artifactregistry", "bigquery", "kms", "logging", "projects", "storage", "workbench"}
    assert not any(r.protect for r in gcp.cloud if re.search("vertex|compute|mlplatform", r.type))


def test_everything_has_an_explicit_provider(gcp: Graph) -> None:
    assert {(r.provider or "").partition("::")[0] for r in gcp.cloud} != {""}
    for resource in gcp.cloud:
        package = "mlplatform" if resource.type.startswith("mlplatform:") else "gcp"
        assert f"pulumi:providers:{package}::{package}" in (resource.provider or "")


def classes(type_: str) -> tuple[type, Any]:
    """The SDK's class for a token such as gcp:kms/keyRing:KeyRing, and its module."""
    _, module, name = type_.split(":")
    sdk = importlib.import_module(f"pulumi_gcp.{module.partition('/')[0]}")
    return getattr(sdk, name), sdk


def camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda m: m.group(1).upper(), name.rstrip("_"))


def problems(where: str, value: Any, args: type, sdk: Any) -> Iterator[str]:
    """Inputs that the SDK's type does not know, and those it demands and does not get, at every depth."""
    parameters = {camel(n): p for n, p in inspect.signature(args.__init__).parameters.items() if not n.startswith("__")}
    for key in set(value) - set(parameters):
        yield f"{where}.{key} is unknown"
    for key, parameter in parameters.items():
        if parameter.default is inspect.Parameter.empty and value.get(key) is None:
            yield f"{where}.{key} is missing"
        nested = re.search(r"'(\w+Args)'", repr(parameter.annotation))
        for item in _items(value.get(key)) if nested else ():
            yield from problems(f"{where}.{key}", item, getattr(sdk, nested.group(1)), sdk)


def _items(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, Mapping)]


def test_every_input_is_one_the_sdk_knows_and_none_it_demands_is_missing(gcp: Graph) -> None:
    found: list[str] = []
    for resource in gcp.cloud:
        if resource.type.startswith("gcp:"):
            class_, sdk = classes(resource.type)
            module = importlib.import_module(class_.__module__)
            found += problems(resource.name, resource.inputs, getattr(module, f"{class_.__name__}Args"), sdk)
    assert not found


def test_the_check_of_inputs_sees_what_is_wrong() -> None:
    class_, sdk = classes("gcp:workbench/instance:Instance")
    args = importlib.import_module(class_.__module__).InstanceArgs
    wrong = {"gceSetup": {"bootDisk": {"diskKind": "x"}}, "nme": "x"}
    assert set(problems("i", wrong, args, sdk)) == {
        "i.nme is unknown",
        "i.location is missing",
        "i.gceSetup.bootDisk.diskKind is unknown",
    }


# The longest name of each type, from each API's reference; automatic names count seven digits and a dash.
LIMITS = {
    "gcp:artifactregistry/repository:Repository": ("repositoryId", 63),
    "gcp:bigquery/dataset:Dataset": ("datasetId", 1024),
    "gcp:compute/address:Address": ("name", 63),
    "gcp:compute/firewall:Firewall": ("name", 63),
    "gcp:compute/forwardingRule:ForwardingRule": ("name", 63),
    "gcp:compute/globalAddress:GlobalAddress": ("name", 63),
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": ("name", 20),
    "gcp:compute/network:Network": ("name", 63),
    "gcp:compute/subnetwork:Subnetwork": ("name", 63),
    "gcp:dns/managedZone:ManagedZone": ("name", 63),
    "gcp:dns/policy:Policy": ("name", 63),
    "gcp:kms/cryptoKey:CryptoKey": ("name", 63),
    "gcp:kms/keyRing:KeyRing": ("name", 63),
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": ("bucketId", 100),
    "gcp:logging/projectExclusion:ProjectExclusion": ("name", 100),
    "gcp:logging/projectSink:ProjectSink": ("name", 100),
    "gcp:projects/iAMCustomRole:IAMCustomRole": ("roleId", 64),
    "gcp:serviceaccount/account:Account": ("accountId", 30),
    "gcp:storage/bucket:Bucket": ("name", 63),
    "gcp:vertex/aiEndpoint:AiEndpoint": ("name", 63),
    "gcp:workbench/instance:Instance": ("name", 63),
    "gcp:workflows/workflow:Workflow": ("name", 64),
    "mlplatform:gcp:Model": ("modelId", 63),
}


def test_the_longest_stack_and_endpoint_names_still_fit(tmp_path: Path) -> None:
    """A stack's name has at most 22 characters, a user's, an endpoint's or a job's 24, a project's 30."""
    longest = FILE.read_text().replace("payments-risk-pilot", "payments-risk-pilot-of-europe2")
    for name in ("  fraud-scorer", "  fraud-backfill", "  document-embedder"):
        longest = longest.replace(f"{name}:\n", f"{name.ljust(26, 'x')}:\n")
    longest = re.sub(r"model: (\S+)", lambda m: f"model: {m.group(1).ljust(24, 'x')}", longest)
    longest = longest.replace("[ana, ben]", "[ana, bennnnnnnnnnnnnnnnnnnnnn]").replace(
        "ben:", "bennnnnnnnnnnnnnnnnnnnnn:"
    )
    path = tmp_path / "Pulumi.a-pilot-of-22-letters0.yaml"
    path.write_text(longest)
    graph = preview(path)
    assert any(r.name == "a-pilot-of-22-letters0-document-embedderxxxxxxx" for r in graph.cloud)
    for type_, (key, limit) in LIMITS.items():
        for resource in graph.of(type_):
            assert len(str(resource.outputs[key])) <= limit, f"{resource.name}: {resource.outputs[key]}"


def test_every_type_that_takes_a_name_has_a_limit_here(gcp: Graph) -> None:
    elsewhere = r"recordSet|cloudscheduler|workbench/instanceIamMember|monitoring|billing|IAMMember|Deployment"
    named = {r.type for r in gcp.cloud if "name" in r.outputs and not re.search(elsewhere, r.type)}
    assert named <= set(LIMITS)
