"""A plugin that is told to leave in the middle of a bake."""

import asyncio
import threading

import pytest
from pulumi.provider.experimental import provider as protocol

from provider.clock import WallClock
from provider.clouds import Clouds
from provider.errors import Cancelled
from provider.gcp.deployment import deployed_id
from provider.plugin import Plugin
from provider.values import all_wrapped
from tests.provider import cloud
from tests.provider.cloud import AZURE_ENDPOINT, DEPLOYMENT_INPUTS, ENDPOINT, MODEL, TRAFFIC_INPUTS, deployment, logic

NEWER = {**DEPLOYMENT_INPUTS, "model": f"{MODEL}@2"}
GREEN = {**TRAFFIC_INPUTS, "deployment": "green"}
OLD, NEW = deployed_id(deployment()), deployed_id(deployment(model=f"{MODEL}@2"))


class Watched(cloud.Wire):
    """Says when the canary has its share."""

    def __init__(self, double, has_its_share):
        super().__init__(double)
        self.has_its_share = has_its_share
        self.baking = threading.Event()

    def handle_request(self, request):
        answer = super().handle_request(request)
        if self.has_its_share():
            self.baking.set()
        return answer


def split_of(double):
    return double.vertex.endpoints["us-central1/endpoints/fraud-scorer"].get("trafficSplit", {})


def traffic_of(double):
    return double.arm.resources[AZURE_ENDPOINT]["properties"]["traffic"]


@pytest.mark.parametrize("how", ["leave", "cancel"])
@pytest.mark.parametrize(
    ("type_", "id", "inputs", "serving", "old", "new"),
    [
        ("mlplatform:gcp:Deployment", ENDPOINT, NEWER, split_of, OLD, NEW),
        ("mlplatform:azure:Traffic", AZURE_ENDPOINT, GREEN, traffic_of, "blue", "green"),
    ],
    ids=["gcp", "azure"],
)
def test_in_real_time_a_bake_gives_its_traffic_back(monkeypatch, how, type_, id, inputs, serving, old, new):
    # The operations of the double end at the first look, so that nothing waits but the bake.
    monkeypatch.setattr("provider.rest.POLL_FIRST", 0.0)
    with cloud.double(monkeypatch) as double, logic() as run:
        double.arm.looks = double.vertex.looks = 1
        run.models.create(cloud.model())
        run.models.update(cloud.model(image="registry/fraud-scorer:1.5.0"))
        run.deployments.update(deployment())
        run.traffics.update(cloud.traffic())
        way = Watched(double, lambda: serving(double).get(new) == 10)
        with cloud.through(way) as reaching:
            plugin = Plugin(Clouds(WallClock(), reaching.clouds.client))
            request = protocol.UpdateRequest(
                f"urn:pulumi:p::m::{type_}::fraud-scorer", id, {}, all_wrapped(inputs), 0, [], preview=False
            )

            async def cut_short() -> str:
                update = asyncio.create_task(plugin.update(request))
                assert await asyncio.to_thread(way.baking.wait, 20)
                if how == "leave":
                    await asyncio.to_thread(plugin.leave)
                else:
                    await plugin.cancel()
                with pytest.raises(Cancelled) as ended:
                    await update
                return str(ended.value)

            said = asyncio.run(cut_short())
        assert "the update was cancelled; all traffic is back on" in said
        assert serving(double) == {old: 100}
