"""Renders the AWS and Google Cloud parts of a resource graph as Terraform, the language of most of Checkov's rules.

pulumi-aws and pulumi-gcp are bridged from Terraform's providers, so types and properties translate one to one.
`terraform_aws` and `terraform_gcp` have what each bridge changed, and how that was checked.

We tried what Checkov 3.3.30 does with a value that is another resource's output, on 30 resources with 89 findings
(tests/policies/test_checkov_checks.py holds the result):

* Absent from `values` with a `references` entry, as Terraform prints an unknown: the first reference becomes the
  attribute's value and every reference an edge, so "is it set" checks (CKV_AWS_26, 98, 158) and graph checks
  (CKV2_AWS_5, 6, 11, 12, 61, 62, 64) both work. A check that parses the value (an ARN, a policy) sees a name instead.
* Concrete in `values` with a `references` entry: the same 89 findings; the value stays and the edges are there too.
* Concrete without a reference: no edge; 11 of the findings change from pass to fail, CKV_AWS_18, 21 and 145 included.

So a value that is wholly another resource's output is left out of `values`, as in a real plan. A value that only
contains such outputs (a policy document, an autoscaling target) stays readable. Both have their references.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import cast

from catalogue.kind import Renders
from catalogue.kinds import kind_of
from catalogue.marks import SECRET, UNKNOWN
from catalogue.rendering import Terraform
from operations.rendering.rendered import Json, Rendered, Resource, Unrendered, cloud_resources
from operations.rendering.tables import Table
from operations.rendering.terraform_aws import AWS
from operations.rendering.terraform_gcp import GCP

# The tables, by Pulumi package and by Terraform provider.
_TABLES = {"aws": AWS, "gcp": GCP}
_BY_PROVIDER = {table.provider: table for table in _TABLES.values()}
# Pulumi's marks of what is no plain JSON: secrets, and assets, which have no value to judge.
_MARK = next(iter(SECRET))
# Outputs that identify one resource, so one found inside a text proves where the text came from.
_IDENTITY = re.compile(r"(^id|Id|^arn|Arn|^name|Name|^bucket|^url|Url|^selfLink|^email|^member)$")
_SHARED = frozenset({"accountId", "ownerId", "registryId"})

_REGISTRY = "registry.terraform.io/hashicorp"

_ABSENT = object()


@dataclass(frozen=True)
class _Text:
    """A text that contains other resources' outputs: literal parts and (address, attribute) pairs, in order."""

    value: str
    parts: tuple[str | tuple[str, str], ...]

    @property
    def whole(self) -> bool:
        return all(isinstance(part, tuple) for part in self.parts)

    @property
    def references(self) -> list[str]:
        pairs = dict.fromkeys(part for part in self.parts if isinstance(part, tuple))
        return [name for pair in pairs for name in (".".join(pair), pair[0])]


@dataclass(frozen=True)
class _Block:
    """A resource in Terraform's shape. `attributes` is plain JSON, with a `_Text` wherever there is a reference."""

    type: str
    name: str
    attributes: dict[str, Json]
    vague: dict[str, list[str]]
    depends_on: list[str]
    protect: bool

    @property
    def address(self) -> str:
        return f"{self.type}.{self.name}"

    @property
    def provider(self) -> str:
        return _table(self.type).provider


def render(resources: Iterable[Resource]) -> Rendered:
    """Render every AWS and Google Cloud resource as `terraform show -json` prints a plan that creates them all.

    Components and providers are left out. A resource without a mapping is in `unrendered`, or in `own` if it is of our
    own provider.
    """
    resources = list(resources)
    own: list[Unrendered] = []
    addresses, unrendered = _addresses(cloud_resources(resources, own))
    blocks = list(_blocks(resources, addresses))
    plan = {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {"resources": [_planned(block) for block in blocks]}},
        "resource_changes": [_change(block) for block in blocks],
        "configuration": {
            "provider_config": _provider_config(resources, sorted({block.provider for block in blocks})),
            "root_module": {"resources": [_configured(block) for block in blocks]},
        },
    }
    return Rendered("terraform_plan", plan, {address: urn for urn, address in addresses.items()}, unrendered, own)


def render_configuration(resources: Iterable[Resource], region: str) -> dict[str, Json]:
    """Render the AWS resources as a `main.tf.json` that `terraform plan` accepts without an AWS account."""
    resources = [resource for resource in resources if resource["type"].startswith("aws:")]
    addresses, _ = _addresses(resources)
    types: dict[str, dict[str, Json]] = {}
    for block in _blocks(resources, addresses):
        body: dict[str, Json] = _map(block.attributes, _interpolated)
        if block.depends_on:
            body["depends_on"] = block.depends_on
        if block.protect:
            body["lifecycle"] = {"prevent_destroy": True}
        types.setdefault(block.type, {})[block.name] = body
    provider = {"region": region, "access_key": "offline", "secret_key": "offline"}
    checks = ("credentials_validation", "metadata_api_check", "region_validation", "requesting_account_id")
    return {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}},
        "provider": {"aws": provider | {f"skip_{check}": True for check in checks}},
        "resource": types,
    }


def terraform_type(token: str) -> str | None:
    """The Terraform type of a Pulumi token, by its record, or None."""
    kind = kind_of(token)
    way = kind.renders.as_ if kind is not None and isinstance(kind.renders, Renders) else None
    return way.type if isinstance(way, Terraform) else None


def _table(kind: str) -> Table:
    return _BY_PROVIDER[kind.partition("_")[0]]


def _addresses(resources: Iterable[Resource]) -> tuple[dict[str, str], list[Unrendered]]:
    """Give each renderable resource an address. Terraform names are unique by type, and Pulumi's by URN."""
    addresses: dict[str, str] = {}
    unrendered: list[Unrendered] = []
    taken: set[str] = set()
    for resource in resources:
        urn, token = resource["urn"], resource["type"]
        kind = terraform_type(token)
        if kind is None:
            unrendered.append(Unrendered(urn, token, f"no Terraform mapping for {token}"))
            continue
        name = re.sub(r"^(?=[^A-Za-z_])|[^\w-]", "_", resource["name"], flags=re.ASCII)
        names = (name if n == 1 else f"{name}_{n}" for n in range(1, len(taken) + 2))
        address = next(a for a in (f"{kind}.{n}" for n in names) if a not in taken)
        taken.add(address)
        addresses[urn] = address
    return addresses, unrendered


def _blocks(resources: Iterable[Resource], addresses: Mapping[str, str]) -> Iterator[_Block]:
    known = {resource["urn"]: resource for resource in resources if resource["urn"] in addresses}
    for urn, resource in known.items():
        kind, _, name = addresses[urn].partition(".")
        attributes: dict[str, Json] = {}
        vague: dict[str, list[str]] = {}
        for prop, raw in resource["inputs"].items():
            if prop.startswith("__") or raw is None:
                continue
            sources = [known[dep] for dep in resource.get("propertyDependencies", {}).get(prop, []) if dep in known]
            key, value = _attribute(kind, prop, raw, _Linker(_table(kind), sources, addresses), top=True)
            attributes[key] = value
            # The value was computed from a resource but does not show it, so only an edge can be kept.
            if sources and not _references(value) and not _is_blocks(value):
                vague[key] = [addresses[source["urn"]] for source in sources]
        linked = {name for value in attributes.values() for name in _references(value)}
        linked |= {name for names in vague.values() for name in names}
        upstream = {addresses[dep] for dep in resource.get("dependencies", []) if dep in addresses}
        depends_on = sorted(upstream - linked)
        yield _Block(kind, name, attributes, vague, depends_on, bool(resource.get("protect")))


class _Linker:
    """Finds the outputs of `sources` (the resources that a property depends on) in a property's strings."""

    def __init__(self, table: Table, sources: Iterable[Resource], addresses: Mapping[str, str]):
        self.table = table
        self.addresses = [addresses[source["urn"]] for source in sources]
        pairs = zip(self.addresses, sources, strict=True)
        outputs = [(key, value, address) for address, source in pairs for key, value in source["outputs"].items()]
        # One text may be an output of several resources. It then counts as that of the one with this ARN or id.
        outputs.sort(key=lambda output: {"arn": 0, "id": 1}.get(output[0], 2))
        self.outputs: dict[str, tuple[str, tuple[str, str]]] = {}
        for key, value, address in outputs:
            if isinstance(value, str) and value and key not in table.shared:
                kind = address.partition(".")[0]
                attribute = _name(_table(kind), kind, key, value)
                self.outputs.setdefault(value, (key, (address, attribute)))

    @cached_property
    def inside(self) -> re.Pattern[str] | None:
        """The pattern that finds outputs inside a longer text.

        It is compiled late, for most properties do not need it.
        """
        identities = [re.escape(value) for value, (key, _) in self.outputs.items() if _is_identity(key)]
        longest_first = "|".join(sorted(identities, key=len, reverse=True))
        return re.compile(rf"(?<![\w-])({longest_first})(?![\w-])") if identities else None

    def text(self, prop: str, value: str, top: bool) -> str | _Text:
        if value == UNKNOWN:
            return _Text(value, tuple((address, "id") for address in self.addresses))
        key, pair = self.outputs.get(value, ("", ("", "")))
        # A whole property that equals an output is that output. Inside one, a text such as "ENABLED" may be anything.
        if key and (top or key == prop or _is_identity(key)):
            return _Text(value, (pair,))
        # A split by a pattern with one group gives text and match alternately.
        parts = self.inside.split(value) if self.inside else [value]
        linked = [part if n % 2 == 0 else self.outputs[part][1] for n, part in enumerate(parts)]
        return _Text(value, tuple(part for part in linked if part)) if len(parts) > 1 else value


def _is_identity(key: str) -> bool:
    return bool(_IDENTITY.search(key)) and key not in _SHARED


def _attribute(kind: str, prop: str, raw: Json, linker: _Linker, top: bool = False) -> tuple[str, Json]:
    """Translate one property, with all its parts, to its Terraform name and shape."""
    key = _name(linker.table, kind, prop, raw)
    if key in linker.table.documents and isinstance(raw, dict):
        raw = json.dumps(raw)
    is_map = isinstance(raw, dict) and linker.table.is_map(key, cast("dict[str, Json]", raw))
    value = _value(prop, raw, linker, top, is_map)
    if isinstance(raw, dict) and not is_map and not isinstance(value, str | _Text):
        value = [value]
    return key, value


def _value(prop: str, raw: Json, linker: _Linker, top: bool, is_map: bool = False) -> Json:
    if isinstance(raw, str):
        return linker.text(prop, raw, top)
    if isinstance(raw, list):
        return [_value(prop, item, linker, top) for item in cast("list[Json]", raw) if item is not None]
    if not isinstance(raw, dict):
        return int(raw) if isinstance(raw, float) and raw.is_integer() else raw
    entries = {k: v for k, v in cast("dict[str, Json]", raw).items() if v is not None and not k.startswith("__")}
    if _MARK in entries:
        return "(sensitive value)" if entries[_MARK] == SECRET[_MARK] else _Text("", ())
    if is_map:
        return {k: _value(k, v, linker, top=False) for k, v in entries.items()}
    return dict(_attribute("", k, v, linker) for k, v in entries.items())


@cache
def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _name(table: Table, kind: str, prop: str, value: Json) -> str:
    name = table.singular(_snake(prop)) if isinstance(value, list) else _snake(prop)
    return table.renamed.get(kind, {}).get(name, name)


def _is_blocks(value: Json) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in cast("list[Json]", value))


def _map(node: Json, leaf: Callable[[Json], Json]) -> Json:
    """Rebuild `node` with `leaf` applied to each value that is no list and no dict.

    Values made `_ABSENT` are dropped.
    """
    if isinstance(node, dict):
        mapped = {key: _map(value, leaf) for key, value in cast("dict[str, Json]", node).items()}
        return {key: value for key, value in mapped.items() if value is not _ABSENT}
    if isinstance(node, list):
        # Terraform puts null for an unknown element, so that the others keep their index.
        mapped_items = [_map(item, leaf) for item in cast("list[Json]", node)]
        return [None if item is _ABSENT else item for item in mapped_items]
    return leaf(node)


def _references(node: Json) -> list[str]:
    if isinstance(node, _Text):
        return node.references
    children: Iterable[Json] = ()
    if isinstance(node, dict | list):
        children = cast("dict[str, Json]", node).values() if isinstance(node, dict) else cast("list[Json]", node)
    return list(dict.fromkeys(name for child in children for name in _references(child)))


def _known(leaf: Json) -> Json:
    if isinstance(leaf, _Text):
        return _ABSENT if leaf.whole else leaf.value
    return leaf


def _after_unknown(leaf: Json) -> Json:
    return True if isinstance(leaf, _Text) and leaf.whole else _ABSENT


def _interpolated(leaf: Json) -> Json:
    if isinstance(leaf, str):
        return leaf.replace("${", "$${").replace("%{", "%%{")
    if isinstance(leaf, _Text):
        if not leaf.parts:
            return _ABSENT
        return "".join(_interpolated(p) if isinstance(p, str) else "${" + ".".join(p) + "}" for p in leaf.parts)
    return leaf


def _expression(node: Json) -> Json:
    if _is_blocks(node):
        return [
            {key: _expression(value) for key, value in block.items()} for block in cast("list[dict[str, Json]]", node)
        ]
    references = _references(node)
    if references:
        return {"references": references}
    constant = _map(node, _known)
    return {} if constant is _ABSENT else {"constant_value": constant}


def _named(block: _Block) -> dict[str, Json]:
    return {"address": block.address, "mode": "managed", "type": block.type, "name": block.name}


def _identity(block: _Block) -> dict[str, Json]:
    return _named(block) | {"provider_name": f"{_REGISTRY}/{block.provider}"}


def _planned(block: _Block) -> dict[str, Json]:
    return _identity(block) | {"schema_version": 0, "values": _map(block.attributes, _known), "sensitive_values": {}}


def _change(block: _Block) -> dict[str, Json]:
    after = _map(block.attributes, _known)
    unknown = _map(block.attributes, _after_unknown)
    change = {"actions": ["create"], "before": None, "after": after, "after_unknown": unknown}
    return _identity(block) | {"change": change | {"before_sensitive": False, "after_sensitive": {}}}


def _configured(block: _Block) -> dict[str, Json]:
    expressions = {key: _expression(value) for key, value in block.attributes.items()}
    expressions |= {key: {"references": addresses} for key, addresses in block.vague.items()}
    body = _named(block) | {"provider_config_key": block.provider, "expressions": expressions, "schema_version": 0}
    return body | ({"depends_on": block.depends_on} if block.depends_on else {})


def _provider_config(resources: Iterable[Resource], providers: Iterable[str]) -> dict[str, Json]:
    """Where each provider in use works. Pulumi's provider resource is named after its package."""
    settings = {
        r["type"].rpartition(":")[2]: r["inputs"] for r in resources if r["type"].startswith("pulumi:providers:")
    }
    packages = {table.provider: package for package, table in _TABLES.items()}
    configs: dict[str, Json] = {}
    for name in providers:
        known = settings.get(packages[name], {})
        told = {key: {"constant_value": known[key]} for key in _BY_PROVIDER[name].where if known.get(key)}
        configs[name] = {"name": name, "full_name": f"{_REGISTRY}/{name}", "expressions": told}
    return configs
