"""The workflow of an endpoint's hours, step by step against the double of Vertex AI that our provider is tried on."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from components.gcp.run import ATTEMPTS, POLL_SECONDS
from components.gcp.switching import LEAST_MINUTES, MOST_MINUTES, definition, minutes, too_short
from components.hours import Hours
from sandbox.rest.calls import Call, Operation, Refusal
from sandbox.rest.vertex import VertexDouble
from tests.components.gcp.test_run import Execution, Raised, mapped, strings

PLACE = "projects/payments-risk-pilot/locations/us-central1"
ENDPOINT = f"{PLACE}/endpoints/scorer-1a2b3c4"
KEY = "us-central1/endpoints/scorer-1a2b3c4"
WAY = "projects/payments-risk-pilot/regions/us-central1/forwardingRules/scorer-attach"
ATTACHMENT = "projects/123456789012-tp/regions/us-central1/serviceAttachments/gkedpm-shared"
WORK = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "07:00-19:00")
ON, OFF = {"wanted": "on"}, {"wanted": "off"}


def deployed(id_: str = "1111111111", version: int = 1) -> dict[str, Any]:
    return {
        "id": id_,
        "displayName": f"mlplatform-{id_}",
        "model": f"{PLACE}/models/scorer@{version}",
        "dedicatedResources": {
            "machineSpec": {"machineType": "n2-standard-4"},
            "minReplicaCount": 1,
            "maxReplicaCount": 2,
        },
    }


@dataclass
class Cloud:
    """The double, as a workflow calls it. `refuse` are the verbs that it refuses so many times."""

    double: VertexDouble = field(default_factory=VertexDouble)
    refuse: dict[str, int] = field(default_factory=dict[str, int])
    acts: list[str] = field(default_factory=list[str])
    spoil: Callable[[Operation], None] = lambda operation: None
    status: list[str] = field(default_factory=lambda: ["ACCEPTED"])
    """What the forwarding rule says, each time that it is asked; the last for good."""

    def __post_init__(self) -> None:
        self.double.add_endpoint(ENDPOINT)
        for _ in range(2):
            model = {"displayName": "scorer", "containerSpec": {"imageUri": "i"}}
            self.double.models.setdefault("us-central1/models/scorer", {})
            self.double._uploaded(f"{PLACE}/models/scorer", model)  # pyright: ignore[reportPrivateUsage]

    def get(self, url: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        if url == f"https://compute.googleapis.com/compute/v1/{WAY}":
            return {"pscConnectionStatus": self.status.pop(0) if len(self.status) > 1 else self.status[0]}
        return self.ask("GET", url, dict(query or {}), {})

    def post(self, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        verb = url.rpartition(":")[2]
        self.acts.append(verb)
        if self.refuse.get(verb):
            self.refuse[verb] -= 1
            raise Raised(mapped({"code": 429, "message": "no capacity"}))
        return self.ask("POST", url, {}, json.loads(json.dumps(body)))

    def ask(self, method: str, url: str, query: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
        at = urlsplit(url)
        assert at.hostname == "us-central1-aiplatform.googleapis.com"
        try:
            answer = self.double.answer(Call(method, at.path, query, body, {}), self.spoil)
        except Refusal as refused:
            raise Raised(mapped({"code": refused.status, "message": str(refused)})) from None
        assert answer is not None
        return dict(answer.body)

    @property
    def stands(self) -> list[str]:
        endpoint = self.double.endpoints[KEY]
        return [one["id"] for one in endpoint.get("deployedModels", [])]

    def put(self, **model: Any) -> None:
        """Deploy as another does, at once."""
        looks, self.double.looks = self.double.looks, 1
        traffic = {} if self.stands else {"trafficSplit": {"0": 100}}
        self.ask(
            "POST", f"https://{HOST}/v1/{ENDPOINT}:deployModel", {}, {"deployedModel": deployed(**model), **traffic}
        )
        self.get(f"https://{HOST}/v1/{ENDPOINT}/operations")
        self.double.looks = looks

    def take(self, id_: str) -> None:
        looks, self.double.looks = self.double.looks, 1
        self.ask("POST", f"https://{HOST}/v1/{ENDPOINT}:undeployModel", {}, {"deployedModelId": id_})
        self.get(f"https://{HOST}/v1/{ENDPOINT}/operations")
        self.double.looks = looks


HOST = "us-central1-aiplatform.googleapis.com"


def execution(attachment: str = ATTACHMENT, **cloud: Any) -> Execution[Cloud]:
    return Execution(definition(ENDPOINT, deployed(), attachment, WAY, minutes(Hours(WORK, "UTC"))), Cloud(**cloud))


def test_the_model_is_taken_off_and_the_same_one_is_put_on_with_all_of_the_traffic() -> None:
    run = execution()
    run.vertex.put()
    run.run(OFF)
    assert (run.vertex.stands, run.vertex.acts) == ([], ["undeployModel"])
    run.run(ON)
    assert (run.vertex.stands, run.vertex.acts) == (["1111111111"], ["undeployModel", "deployModel"])
    endpoint = run.vertex.double.endpoints[KEY]
    assert endpoint["trafficSplit"] == {"1111111111": 100} and not run.log


@pytest.mark.parametrize("wanted", [ON, OFF])
def test_a_start_that_is_delivered_twice_changes_nothing_twice(wanted: Mapping[str, str]) -> None:
    run = execution()
    if wanted is OFF:
        run.vertex.put()
    run.run(wanted)
    before = list(run.vertex.acts)
    run.run(wanted)
    assert run.vertex.acts == before and len(before) == 1


def test_another_version_that_stands_is_left_where_the_endpoint_is_to_be_on() -> None:
    run = execution()
    run.vertex.put(id_="2222222222", version=2)
    run.run(ON)
    assert (run.vertex.stands, run.vertex.acts) == (["2222222222"], [])


def test_a_canary_that_bakes_as_the_hours_end_is_judged_first_and_what_is_left_is_taken_off() -> None:
    run = execution()
    run.vertex.put()
    run.vertex.put(id_="2222222222", version=2)
    ends = run.now + 30 * 60

    def bakes(now: float) -> None:
        if now >= ends and len(run.vertex.stands) > 1:  # it was bad: the update takes it back
            assert not run.vertex.acts
            run.vertex.take("2222222222")

    run.meanwhile = bakes
    run.run(OFF)
    assert run.vertex.stands == [] and run.vertex.acts == ["undeployModel"]
    assert run.now - ends < 5 * POLL_SECONDS


def test_what_an_update_is_deploying_as_the_hours_end_is_waited_for() -> None:
    """Otherwise the old model would go, and the new one would come after it and stand all night, without a canary."""
    run = execution(double=VertexDouble(looks=4))
    run.vertex.put()
    newer = {"deployedModel": deployed("2222222222", 2)}
    run.vertex.ask("POST", f"https://{HOST}/v1/{ENDPOINT}:deployModel", {}, newer)

    def baked(now: float) -> None:
        if len(run.vertex.stands) > 1:  # the canary was good: the old one goes
            assert not run.vertex.acts
            run.vertex.double.endpoints[KEY]["trafficSplit"] = {"2222222222": 100}
            run.vertex.take("1111111111")

    run.meanwhile = baked
    run.run(OFF)
    assert run.vertex.stands == [] and run.vertex.acts == ["undeployModel"]


def test_a_canary_that_never_ends_is_left_alone_and_the_run_fails_loudly_before_the_hours_begin() -> None:
    run = execution()
    run.vertex.put()
    run.vertex.put(id_="2222222222", version=2)
    with pytest.raises(Raised):
        run.run(OFF)
    assert len(run.vertex.stands) == 2 and not run.vertex.acts
    assert [one["json"]["event"] for one in run.log] == ["overran"]
    assert run.now - 1000 <= (MOST_MINUTES - 15 + 2) * 60


def test_what_our_provider_did_not_deploy_is_never_taken_off() -> None:
    run = execution()
    run.vertex.put()
    run.vertex.double.endpoints[KEY]["deployedModels"][0]["displayName"] = "theirs"
    with pytest.raises(Raised):
        run.run(OFF)
    assert run.vertex.stands and not run.vertex.acts


def test_a_refusal_is_tried_again_a_bounded_number_of_times_and_then_the_run_fails() -> None:
    run = execution(refuse={"deployModel": ATTEMPTS - 1})
    run.run(ON)
    assert run.vertex.stands and run.vertex.acts == ["deployModel"] * ATTEMPTS
    run = execution(refuse={"deployModel": 99})
    with pytest.raises(Raised):
        run.run(ON)
    assert run.vertex.acts == ["deployModel"] * ATTEMPTS and not run.vertex.stands


def test_another_service_attachment_fails_the_run_for_the_address_leads_elsewhere() -> None:
    run = execution(attachment="projects/9-tp/regions/us-central1/serviceAttachments/other")
    with pytest.raises(Raised):
        run.run(ON)
    assert run.vertex.stands, "it serves, and whoever hears of it runs `pulumi up --refresh`"


def test_a_run_succeeds_once_the_way_is_open_and_fails_at_once_where_it_is_closed() -> None:
    run = execution(status=["PENDING", "PENDING", "ACCEPTED"])
    run.run(ON)
    assert run.vertex.acts == ["deployModel"] and run.vertex.status == ["ACCEPTED"]
    run = execution(status=["CLOSED"])
    began = run.now
    with pytest.raises(Raised):
        run.run(ON)
    assert run.vertex.stands and [one["json"]["event"] for one in run.log] == ["overran"]
    assert run.now - began < 10 * POLL_SECONDS
    run = execution(status=["PENDING"])
    with pytest.raises(Raised):
        run.run(ON)
    assert run.vertex.acts == ["deployModel"], "nothing is deployed twice"


@pytest.mark.parametrize(
    ("days", "shortest"),
    [({"monday": "07:00-07:30"}, 30), ({"monday": "07:00-19:00", "tuesday": "00:00-24:00"}, None)],
)
def test_a_range_or_a_pause_has_an_hour_and_a_run_ends_within_it(days: dict[str, str], shortest: int | None) -> None:
    said = too_short(days)
    assert (said == "") if shortest is None else said.startswith(f"a range or a pause lasts {shortest} minutes")
    assert minutes(Hours({"monday": "07:00-08:00"}, "UTC")) < LEAST_MINUTES


def test_the_definition_fits_into_workflows_and_every_jump_leads_to_a_step_beside_it() -> None:
    """Workflows, "Quotas and limits": 128 KB of source, 400 characters an expression."""
    whole = definition(f"{PLACE}/endpoints/{'e' * 63}", deployed(), "a" * 200, "w" * 200, 165)
    assert max(len(text) for text in strings(whole) if text.startswith("${")) <= 400
    for sub in whole.values():
        names = [next(iter(step)) for step in sub["steps"]]
        jumps = set(re.findall(r'"next": "(\w+)"', json.dumps(sub["steps"])))
        assert len(set(names)) == len(names) and jumps <= set(names)
