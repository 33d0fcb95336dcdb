"""Which kinds of endpoints a platform takes, and which canary it can see."""

from pathlib import Path

import pytest
import yaml

from stacks.sections import endpoints
from tests.stacks.test_config import read_bytes, refusal
from tests.stacks.test_platforms import EACH, OTHERS, TEXTS, changed


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stacks") / "Pulumi.a.yaml"


UNSEEN = (
    (
        "bake_minutes: 10",
        "bake_minutes: 1",
        "mlplatform:endpoints.live.canary.bake_minutes: found 1, allowed: 9 or more, for Google shows the figures of a "
        "minute up to six minutes later",
    ),
    (
        "error_rate_percent: 1}",
        "error_rate_percent: 45}",
        "mlplatform:endpoints.live.rollback.error_rate_percent: found 45, allowed: less than the canary's 10 %, so "
        "that the endpoint's own alarm would ring too where all of the canary's answers fail",
    ),
)


@pytest.mark.parametrize(("right", "wrong", "sentence"), UNSEEN)
def test_a_canary_that_nobody_could_see_on_google_cloud_gives_its_sentence(
    file: Path, right: str, wrong: str, sentence: str
) -> None:
    assert any(one.endswith(sentence) for one in read_bytes(file, changed("gcp", (right, wrong)).encode()))


@EACH
def test_a_platforms_kinds_are_taken_or_refused_in_one_sentence(file: Path, platform: str) -> None:
    for kind in endpoints.SECTION.kinds:
        text = changed(platform, ("kind: online", f"kind: {kind}"))
        if refused := endpoints.SECTION.refused_kind(kind, platform):
            assert refusal(file, text) == f"mlplatform:endpoints.live.kind: found {kind!r}: {refused}"
        elif kind == "online":
            assert read_bytes(file, text.encode()) == []


@OTHERS
def test_a_kind_with_its_own_keys_is_refused_in_the_same_sentence(file: Path, platform: str) -> None:
    config = yaml.safe_load(TEXTS[platform])
    live = config["config"]["mlplatform:endpoints"]["live"]
    for key in ("requests_per_replica_per_minute", "canary", "rollback"):
        del live[key]
    live |= {"kind": "async", "backlog_per_replica": 5, "rollback": {"error_rate_percent": 5}}
    said = refusal(file, yaml.safe_dump(config))
    assert said == f"mlplatform:endpoints.live.kind: found 'async': {endpoints.SECTION.kinds['async'][platform]}"


def test_another_mistake_beside_a_refused_kind_is_told_as_well(file: Path) -> None:
    lines = read_bytes(file, changed("gcp", ("kind: online", "kind: async"), ("0.0/20", "0.0/24")).encode())
    assert [line.removeprefix(f"{file}: mlplatform:").partition(":")[0] for line in lines] == [
        "endpoints.live.kind",
        "network.cidr",
    ]
