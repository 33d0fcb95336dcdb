"""The generated facts: of the installed SDKs, of the catalogue's types and no others, and of inputs that there are."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest

from catalogue.behaviour import values_at
from catalogue.generated import FOLDER, Facts, generated
from catalogue.kind import Acts, At
from catalogue.kinds import kinds
from catalogue.platforms import PLATFORMS
from sandbox.clouds import CLOUDS
from sandbox.inputs import Either, Entries, Items, Object, Shape, resource_shape
from tests.rows import rows

EACH = pytest.mark.parametrize("platform", PLATFORMS)
TYPES = [(platform, token) for platform in PLATFORMS for token in sorted(generated(platform).types)]


def test_there_is_a_file_for_each_platform() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(PLATFORMS)


@EACH
def test_the_facts_are_of_the_installed_sdk(platform: Any) -> None:
    sdk = next(cloud.sdk for cloud in CLOUDS.values() if cloud.platform == platform)
    assert generated(platform).sources["sdk"].version == f"v{version(sdk)}", "the SDK was updated: run make facts"


@EACH
def test_every_source_has_a_version_and_an_address_that_names_it(platform: Any) -> None:
    for source in generated(platform).sources.values():
        assert source.address.startswith(f"https://github.com/{source.name}/tree/{source.version}")


@EACH
def test_every_type_of_an_sdk_is_there_and_no_other(platform: Any) -> None:
    of_sdk = {token for token in kinds(platform) if not token.startswith(("pulumi:", "mlplatform:"))}
    assert set(generated(platform).types) == of_sdk, "run make facts"


def inputs_at(shape: Shape, path: str) -> Iterator[Shape]:
    """The shapes of what stands at a path of inputs."""
    if isinstance(shape, Items | Entries):
        yield from inputs_at(shape.of(), path)
    elif isinstance(shape, Either):
        for one in shape.of:
            yield from inputs_at(one, path)
    elif not path:
        yield shape
    elif isinstance(shape, Object):
        head, _, rest = path.partition(".")
        if head in shape.properties:
            yield from inputs_at(shape.properties[head].shape(), rest)


def facts_of(platform: Any, token: str) -> Facts:
    return generated(platform).types[token]


@rows(("platform", "token"), TYPES)
def test_every_path_is_an_input_of_the_sdk(platform: Any, token: str) -> None:
    facts = facts_of(platform, token)
    tagged = {facts.taggable} if facts.taggable else set[str]()
    paths = {*facts.required, *facts.enums, *(facts.replaces or ()), *facts.unread, *tagged}
    assert [path for path in paths if not [*inputs_at(resource_shape(token), path)]] == []


@rows(("platform", "token"), TYPES)
def test_a_record_says_of_tags_what_is_generated(platform: Any, token: str) -> None:
    tags = kinds(platform)[token].tags
    assert (tags.path if isinstance(tags, At) else None) == facts_of(platform, token).taggable


@rows("token", sorted({*generated("aws").types, *generated("gcp").types}))
def test_a_bridged_kind_is_replaced_as_its_provider_says(token: str) -> None:
    """And by nothing that a record types: no replacement of a server's own has been found."""
    platform: Any = token.partition(":")[0]
    acts = kinds(platform)[token].acts
    if isinstance(acts, Acts):
        assert acts.behaviour.replaces == facts_of(platform, token).replaces
        assert acts.behaviour.replaces, "what nothing replaces would be a source that was not read"


UNSAID = {"azure-native:monitor:DiagnosticSetting"} | {
    token for token in generated("azure").types if token.startswith("azure-native:machinelearningservices:")
}
"""The types of Azure of which no source says what is created and not updated."""


@rows("token", sorted(generated("azure").types))
def test_a_kind_of_azure_is_replaced_as_its_provider_and_azure_say(token: str) -> None:
    """And by what its id is made of and where it stands: a record types nothing else."""
    said, kind = facts_of("azure", token).replaces, kinds("azure")[token]
    assert (said is None) == (token in UNSAID), "run make facts"
    if isinstance(kind.acts, Acts):
        place = {kind.stands.path} if isinstance(kind.stands, At) else set[str]()
        assert kind.acts.behaviour.replaces == {*(said or ()), *kind.acts.behaviour.identity, *place}


def test_what_azure_lets_nobody_change_replaces_though_the_providers_own_list_does_not_name_it() -> None:
    said = {token: facts.replaces or frozenset[str]() for token, facts in generated("azure").types.items()}
    assert said["azure-native:applicationinsights:Component"] == {"applicationType", "location"}
    assert said["azure-native:storage:StorageAccount"] == {"isHnsEnabled", "location"}
    assert "location" in said["azure-native:privatedns:PrivateZone"]
    assert said["azure-native:network:Subnet"] == frozenset()


def test_what_was_typed_otherwise_stays_mended() -> None:
    """Each of these was typed, and contradicts the provider's source."""
    replaced = {token: facts.replaces or frozenset() for token, facts in generated("aws").types.items()}
    assert "budgetType" not in replaced["aws:budgets/budget:Budget"]
    assert not {"appNetworkAccessType", "appSecurityGroupManagement"} & replaced["aws:sagemaker/domain:Domain"]
    endpoint = replaced["aws:sagemaker/endpoint:Endpoint"]
    assert endpoint == {"name", "region", "deploymentConfig.autoRollbackConfiguration"}
    assert "service" not in (facts_of("gcp", "gcp:projects/iAMAuditConfig:IAMAuditConfig").replaces or ())


def test_a_part_that_is_replaced_is_found_in_a_list() -> None:
    """A container of a model has no ForceNew itself, all that is in it has; a list on the way is gone through."""
    paths = facts_of("aws", "aws:sagemaker/model:Model").replaces or frozenset()
    model = {"containers": [{"image": "a"}, {"image": "b"}]}
    assert "containers.image" in paths and list(values_at(model, "containers.image")) == ["a", "b"]
