"""`mlplatform promote` and `approve` on Google Cloud: what they write, send and refuse, against a store of objects."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from catalogue import versions
from catalogue.errors import BadInput
from operations.doctor import gcp as doctor
from operations.doctor.rest import Read
from operations.promoting import gcp
from stacks.config import STACKS
from tests.catalogue.test_versions import RECORD
from tests.operations.promoting.test_promoting import BECAUSE, OLD, run

PROJECT = "payments-risk-pilot"
ARTIFACTS, APPROVALS = (f"gcp-pilot-{one}-{PROJECT}" for one in ("artifacts", "approvals"))
APPROVED, REJECTED = (f"{APPROVALS}/approvals/scorer/2/{one}.json" for one in ("approved", "rejected"))


def content(number: int) -> bytes:
    return versions.canonical({**RECORD, "name": "scorer", "version": number})


class Store:
    """Buckets that take a new object and replace none, as whoever may create objects alone sees them."""

    def __init__(self) -> None:
        self.objects = {f"{ARTIFACTS}/registry/scorer/{number}/version.json": content(number) for number in (1, 2)}
        self.refuses = False
        self.stands = True

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["X-Goog-User-Project"] == PROJECT
        bucket = request.url.path.split("/b/")[1].split("/")[0]
        if request.method == "GET":
            assert request.url.params["alt"] == "media"
            named = f"{bucket}/{request.url.path.split('/o/')[1]}"
            return httpx.Response(200, content=self.objects[named]) if named in self.objects else httpx.Response(404)
        assert dict(request.url.params).items() >= {"uploadType": "media", "ifGenerationMatch": "0"}.items()
        named = f"{bucket}/{request.url.params['name']}"
        if not self.stands:
            return httpx.Response(404)
        if self.refuses:
            return self.error(403, "forbidden")
        if named in self.objects:
            return self.error(412, "conditionNotMet")
        self.objects[named] = request.content
        return httpx.Response(200, json={"name": request.url.params["name"]})

    @staticmethod
    def error(status: int, reason: str) -> httpx.Response:
        return httpx.Response(status, json={"error": {"code": status, "message": "no", "status": reason}})


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    kept = Store()

    def opened(account: str, region: str, reads: Collection[Read]) -> doctor.Account:
        return doctor.account_of(lambda: "word", account, region, httpx.MockTransport(kept), reads)

    monkeypatch.setattr(gcp, "open_account", opened)
    return kept


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The pilot, whose scorer is version 1."""
    config: dict[str, Any] = yaml.safe_load((STACKS / "Pulumi.gcp-pilot.yaml").read_text(encoding="utf-8"))
    config["config"]["mlplatform:models"]["fraud-scorer"] = {"registered": "scorer", "version": 1, "digest": OLD}
    path = tmp_path / "Pulumi.gcp-pilot.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path


def test_a_version_is_refused_until_the_approver_approves_and_then_it_is_named(store: Store, file: Path) -> None:
    before = dict(store.objects)
    with pytest.raises(BadInput, match=r"scorer@2: is not approved \(nobody has decided on it\)"):
        run("promote", "scorer@2", file)
    shown = run("approve", file, "scorer@2", *BECAUSE)
    assert "nothing is approved without --yes" in shown and store.objects == before
    assert f"gcloud storage cp --if-generation-match=0 - gs://{APPROVED}" in shown
    assert "scorer@2 is approved\n" in run("approve", file, "scorer@2", *BECAUSE, "--yes")
    said = versions.read_approval(store.objects[APPROVED], "it")
    assert (said.digest, said.decision, said.why) == (versions.digest(content(2)), "approved", BECAUSE[1])
    assert "is approved already" in run("approve", file, "scorer@2", *BECAUSE, "--yes")
    run("promote", "scorer@2", file, "--yes")
    model: Mapping[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["config"]["mlplatform:models"]
    assert model["fraud-scorer"] == {
        "registered": "scorer",
        "version": 2,
        "digest": versions.digest(content(2)),
    }


def decided(decision: str, digest: str) -> bytes:
    said = {"schema": "mlplatform-approval/1", "decision": decision, "digest": digest, "by": "ana", "why": "it drifts"}
    return json.dumps({**said, "at": "2026-11-02T09:30:00+00:00"}).encode()


def spoil(**objects: bytes) -> Callable[[Store], None]:
    return lambda store: store.objects.update(objects)


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (lambda s: s.objects.clear(), "the registry of gcp-pilot has no such version, for there is no gs://"),
        (spoil(**{f"{ARTIFACTS}/registry/scorer/2/version.json": content(1)}), "is of scorer@1"),
        (spoil(**{APPROVED: decided("approved", OLD)}), f"the digest {OLD} was approved, and its record has"),
        (spoil(**{APPROVED: b"{}"}), "the decision on scorer@2"),
        (spoil(**{REJECTED: decided("rejected", OLD)}), None),
        (lambda s: setattr(s, "refuses", True), "which alone may"),
        (lambda s: setattr(s, "stands", False), "there is no bucket gs://gcp-pilot-approvals-"),
    ],
)
def test_what_is_not_what_was_registered_or_may_not_be_written_is_refused(
    store: Store, file: Path, spoilt: Callable[[Store], None], said: str | None
) -> None:
    spoilt(store)
    if said is not None:
        with pytest.raises(BadInput, match=re.escape(said)):
            run("approve", file, "scorer@2", *BECAUSE, "--yes")
    with pytest.raises(BadInput):
        run("promote", "scorer@2", file, "--yes")


def test_what_was_rejected_is_not_approved_afterwards(store: Store, file: Path) -> None:
    store.objects[REJECTED] = decided("rejected", versions.digest(content(2)))
    with pytest.raises(BadInput, match=r"scorer@2: was rejected, because it drifts; a rejection stays"):
        run("approve", file, "scorer@2", *BECAUSE, "--yes")
    with pytest.raises(BadInput, match=r"is not approved \(Rejected\)"):
        run("promote", "scorer@2", file)
    assert APPROVED not in store.objects


def test_a_rejection_is_one_more_object_and_outweighs_an_approval(store: Store, file: Path) -> None:
    run("approve", file, "scorer@2", *BECAUSE, "--yes")
    why = ("--because", "it drifts since October")
    shown = run("reject", file, "scorer@2", *why)
    assert "nothing is rejected without --yes" in shown and f"--if-generation-match=0 - gs://{REJECTED}" in shown
    assert REJECTED not in store.objects
    done = run("reject", file, "scorer@2", *why, "--yes")
    assert "scorer@2 is rejected\nwhat serves it serves on" in done
    said = versions.read_approval(store.objects[REJECTED], "it")
    assert (said.digest, said.decision, said.why) == (versions.digest(content(2)), "rejected", why[1])
    assert "is rejected already, because it drifts" in run("reject", file, "scorer@2", *why, "--yes")
    with pytest.raises(BadInput, match="was rejected, because it drifts since October; a rejection stays"):
        run("approve", file, "scorer@2", *BECAUSE, "--yes")
