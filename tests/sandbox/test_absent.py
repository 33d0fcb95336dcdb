"""A store that nobody made takes nothing, and says so in its cloud's words."""

from pathlib import Path
from typing import Any

import pytest

from catalogue.errors import BadInput
from catalogue.graph import Graph, Resource
from catalogue.kinds.aws.ecr import REPOSITORY
from catalogue.kinds.aws.s3 import BUCKET as S3
from catalogue.kinds.azure.containerregistry import REGISTRY
from catalogue.kinds.gcp import artifactregistry
from catalogue.kinds.gcp.storage import BUCKET as GCS
from sandbox import absent, byhand
from sandbox.state import State
from sandbox.state.records import New

ECR = "444455556666.dkr.ecr.eu-north-1.amazonaws.com/lending/churn"
GROUP = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry"
STORES: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "s3://lending-models/churn/1/model.tar.gz": (S3, "lending-models", {}, "(NoSuchBucket) when calling the PutObject"),
    "gs://lending-models/churn/1/": (GCS, "lending-models", {}, "404: The specified bucket does not exist"),
    f"{ECR}:2.0.1": (
        *(REPOSITORY, "lending/churn", {"repositoryUrl": ECR}),
        "name 'lending/churn' does not exist in the registry with id '444455556666'",
    ),
    f"{ECR}@sha256:{'0' * 64}": (REPOSITORY, "lending/churn", {"repositoryUrl": ECR}, "name unknown: The repository"),
    "europe-docker.pkg.dev/lending/serving/churn:2.0.1": (
        *(artifactregistry.REPOSITORY, "projects/lending/locations/europe/repositories/serving", {}),
        'Repository "serving" not found',
    ),
    "lending.azurecr.io/churn:2.0": (
        *(REGISTRY, f"{GROUP}/registries/Lending", {"loginServer": "lending.azurecr.io"}),
        "lookup lending.azurecr.io: no such host",
    ),
}


@pytest.mark.parametrize("address", STORES)
def test_a_store_that_nobody_made_is_refused_in_the_clouds_words(tmp_path: Path, address: str) -> None:
    state, (type_, id_, outputs, says) = State(tmp_path / "state.sqlite"), STORES[address]
    bring = byhand.upload if "://" in address else byhand.push

    def stands(id_: str, outputs: dict[str, Any]) -> None:
        state.resources.create(New(type_, id_, "one", "a", "r", id_, {}, outputs))

    stands(f"{id_}2", {key: f"{said}2" for key, said in outputs.items()})
    with pytest.raises(BadInput) as refused:
        bring(state, address)
    assert says in str(refused.value) and "; bring up the ground first, or add --elsewhere" in str(refused.value)
    assert (state.account.images(), state.account.artifacts()) == ([], [])
    bring(state, address, elsewhere=True)
    stands(id_, outputs)
    assert address in bring(state, address)


def test_an_account_in_use_has_every_store(tmp_path: Path) -> None:
    state = State(tmp_path / "state.sqlite")
    state.account.use()
    assert not [address for address in STORES if absent.refusal(state, address)]


@pytest.mark.parametrize("address", STORES)
def test_a_stack_makes_the_store_that_its_graph_has(address: str) -> None:
    type_, id_, outputs, _ = STORES[address]
    names = {"id": id_, **outputs}

    def graph(**said: str) -> Graph:
        made = Resource("urn:x", type_, "x", True, outputs=said)
        return Graph("lending", "aws", (made,), {})

    assert absent.made_by(graph(**names), address)
    assert not absent.made_by(graph(**{key: f"{said}2" for key, said in names.items()}), address)
    assert absent.made_by(graph(), "docker.io/library/churn:1"), "nobody knows"
