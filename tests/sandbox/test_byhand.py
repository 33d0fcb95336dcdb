"""What a person does by hand in a sandbox: done, and said in a sentence; a wrong word is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from catalogue.errors import BadInput
from catalogue.kinds.aws import iam, studio
from catalogue.kinds.azure.storage import CONTAINER
from catalogue.marked import Json
from sandbox import byhand
from sandbox.state import State
from sandbox.state.records import New

ARTIFACT = "azureml://datastores/scores/paths/churn/1/"


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state.sqlite")


def test_each_is_done_and_said(state: State) -> None:
    start = state.clock.now()
    assert byhand.wait(state, "2h") == "2h have passed in this sandbox"
    assert state.clock.now() == start + 7200
    assert byhand.enable(state, "aiplatform") == "aiplatform.googleapis.com is on"
    byhand.enable(state, "Microsoft.MachineLearningServices")
    assert state.account.services() == ["Microsoft.MachineLearningServices", "aiplatform.googleapis.com"]
    byhand.raise_quota(state, "ml.m5.large for endpoint usage", 4)
    byhand.raise_quota(state, "ml.none.large for online", 2)  # as the steps name the quota of a machine nobody knows
    assert state.account.quotas() == {"ml.m5.large for endpoint usage": 4, "ml.none.large for online": 2}
    byhand.push(state, "europe-docker.pkg.dev/lending/serving/churn:2.0.1", elsewhere=True)
    byhand.upload(state, "s3://lending-models/churn/1/model.tar.gz", elsewhere=True)
    assert state.account.has_image("europe-docker.pkg.dev/lending/serving/churn:2.0.1")
    assert state.account.has_artifact("s3://lending-models/churn/1/model.tar.gz")


def test_a_store_is_emptied(state: State) -> None:
    byhand.upload(state, "s3://lending-models/churn/1/model.tar.gz", elsewhere=True)
    byhand.upload(state, "s3://lending-models-2/churn/1/model.tar.gz", elsewhere=True)
    assert byhand.empty(state, "s3://lending-models/") == "1 deleted below s3://lending-models/"
    assert state.account.artifacts() == ["s3://lending-models-2/churn/1/model.tar.gz"]
    with pytest.raises(BadInput, match="nothing lies there"):
        byhand.empty(state, "s3://lending-models/")


@pytest.mark.parametrize(
    ("do", "said"),
    [
        (lambda state: byhand.wait(state, "soon"), "no duration; write 90s, 10m, 8h or 2d"),
        (lambda state: byhand.enable(state, "aiplattform"), "no API or resource provider"),
        (lambda state: byhand.raise_quota(state, "ml.m5.large endpoints", 1), "no quota of the catalogue"),
        (lambda state: byhand.raise_quota(state, "ml.m5.large for endpoint usage", -1), "no amount of a quota"),
        (lambda state: byhand.push(state, "scorer"), "no address of an image"),
        (lambda state: byhand.push(state, "a.azurecr.io/scorer"), "no address of an image"),
        (lambda state: byhand.upload(state, "model.tar.gz"), "no address of an artifact"),
        (lambda state: byhand.upload(state, ARTIFACT), "no container scores stands here; bring up the ground first"),
    ],
)
def test_a_wrong_word_gets_a_sentence(state: State, do: Callable[[State], str], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        do(state)
    assert (state.account.services(), state.account.quotas(), state.account.artifacts()) == ([], {}, [])


def test_what_is_allowed_is_named_in_one_order(state: State) -> None:
    """A set has another order in each process; a sentence has the same."""
    for do in (lambda: byhand.enable(state, "zz"), lambda: byhand.raise_quota(state, "zz", 1)):
        with pytest.raises(BadInput) as refused:
            do()
        names = str(refused.value).partition("allowed: ")[2].removesuffix(", …").split(", ")
        assert len(names) > 5 and names == sorted(names)


def test_the_container_of_a_datastore_takes_an_artifact_before_the_datastore_stands(state: State) -> None:
    store = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/w/blobServices/default"
    place: Json = {"platform": "azure", "account": "s", "region": "westeurope", "name": "scores"}
    state.resources.create(New(type=CONTAINER, id=f"{store}/containers/scores", inputs={}, outputs={}, **place))
    assert byhand.upload(state, ARTIFACT) == f"{ARTIFACT} is uploaded"
    assert state.account.has_artifact(ARTIFACT)


ARN = "arn:aws:iam::444455556666:role/lending"
SIZES = {"spaceStorageSettings": {"defaultEbsStorageSettings": {"defaultEbsVolumeSizeInGb": 40}}}


@pytest.mark.parametrize(
    ("domain", "profile", "size"),
    [({}, {}, 5), ({"defaultUserSettings": SIZES}, {}, 40), ({}, {"userSettings": SIZES}, 40)],
)
def test_a_private_space_keeps_its_volume_until_it_is_deleted(
    state: State, domain: Json, profile: Json, size: int
) -> None:
    place: Json = {"platform": "aws", "account": "444455556666", "region": "eu-north-1", "outputs": {"arn": ARN}}
    state.resources.create(New(type=studio.DOMAIN, id="d-1", name="d", inputs=domain, **place))
    theirs: Json = {"domainId": "d-1", "userProfileName": "mei", **profile}
    state.resources.create(New(type=studio.USER_PROFILE, id="p", name="lending-mei", inputs=theirs, **place))
    opens = {"Effect": "Allow", "Action": "sagemaker:CreatePresignedDomainUrl", "Resource": "*"}
    policy: Json = {"role": "r", "policy": json.dumps({"Version": "2012-10-17", "Statement": [opens]})}
    state.resources.create(New(type=iam.ROLE, id="r", name="r", inputs={}, **place))
    state.resources.create(New(type=iam.ROLE_POLICY, id="r:p", name="p", inputs=policy, **place))

    assert byhand.sign_in(state, "mei").endswith(f"runs in a private space with a volume of {size} GB")
    with pytest.raises(BadInput, match=r"ResourceInUse.*the space of mei has apps that run"):
        byhand.delete_space(state, "mei")
    byhand.stop_app(state, "mei")
    assert byhand.run(state, "mei") == "an app of mei runs in their private space"
    assert state.account.apps() == ["mei"]
    byhand.stop_app(state, "mei")
    assert state.account.spaces() == {"mei": size}
    byhand.delete_space(state, "mei")
    with pytest.raises(BadInput, match="that person has no private space"):
        byhand.delete_space(state, "mei")
