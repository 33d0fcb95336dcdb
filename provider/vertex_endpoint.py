"""One endpoint of Vertex AI: its deployed models, its traffic, and its metrics of Cloud Monitoring v3."""

from provider import Json
from provider.bake import Measured
from provider.clock import stamp
from provider.clouds import Clouds
from provider.errors import ProviderError
from provider.rest import error_text
from provider.steps import remove
from provider.vertex import Vertex

# Cloud Monitoring lists a public and a private family of metrics. It does not say which one endpoints behind Private
# Service Connect write, so both are read. A point appears up to six minutes late, so a bake should be longer.
LATENCIES = (
    'metric.type = "aiplatform.googleapis.com/prediction/online/prediction_latencies"'
    ' AND metric.labels.latency_type = "total"',
    'metric.type = "aiplatform.googleapis.com/prediction/online/private/prediction_latencies"',
)
RESPONSES = (
    'metric.type = "aiplatform.googleapis.com/prediction/online/response_count"',
    'metric.type = "aiplatform.googleapis.com/prediction/online/private/response_count"',
)


class VertexEndpoint:
    """The endpoint `name`, `projects/…/locations/…/endpoints/ID`. `seconds` bounds each long-running operation."""

    def __init__(self, clouds: Clouds, name: str, seconds: float) -> None:
        self.name = name
        self.doing = f"endpoint {name.rsplit('/', 1)[1]}"
        self.location = name.split("/")[3]
        self.clock = clouds.clock
        self._vertex = Vertex(self.location, clouds, seconds)
        self._monitoring = clouds.google("monitoring.googleapis.com")

    def find(self) -> Json | None:
        """The endpoint as it is now; None when it is gone."""
        return self._vertex.door.get(f"/v1/{self.name}", self.doing)

    def get(self) -> Json:
        """The endpoint as it is now. Raises ProviderError when it is gone."""
        found = self.find()
        if found is None:
            raise ProviderError(f"{self.doing} does not exist in {self.location}; create it before its deployment")
        return {"deployedModels": [], **found}

    def settle(self) -> None:
        """Wait for operations of an earlier, interrupted run."""
        self._vertex.settle(self.name, self.doing)

    def act(self, verb: str, what: str, body: Json) -> None:
        """Do `verb`, a long-running operation, and wait for it. Raises Unsure if it may have been started."""
        self._vertex.act("POST", f"{self.name}:{verb}", f"{self.doing}: {what}", body)

    def split(self, shares: dict[str, int]) -> None:
        """Give each deployed model its share of the traffic in per cent. Does nothing when they have it already."""
        found = self.get()
        if {id: share for id, share in found.get("trafficSplit", {}).items() if share > 0} == shares:
            return
        self.give(shares)

    def give(self, shares: dict[str, int]) -> None:
        """Give each deployed model its share of the traffic in per cent, without a look at what it has."""
        body: Json = {"trafficSplit": shares}
        self._vertex.door.call(
            "PATCH", f"/v1/{self.name}", f"{self.doing}: traffic", params={"updateMask": "trafficSplit"}, json=body
        )

    def undeploy(self, deployed: str) -> None:
        """Undeploy a model that has no traffic. Does nothing when it is gone."""

        def gone() -> bool | None:
            self.settle()
            there = (self.find() or {}).get("deployedModels", [])
            return None if any(model["id"] == deployed for model in there) else True

        remove(gone, lambda: self.act("undeployModel", f"undeploy {deployed}", {"deployedModelId": deployed}))

    def measure(self, project: str, deployed: str, start: float, end: float) -> Measured:
        """The figures of a deployed model between `start` and `end`, seconds since 1970.

        They span a minute at least.
        """
        endpoint = self.name.rsplit("/", 1)[1]
        where = f'resource.labels.endpoint_id = "{endpoint}" AND metric.labels.deployed_model_id = "{deployed}"'
        seconds = max(int(end - start), 60)

        def series(metric: str, aligner: str, reducer: str) -> list[Json]:
            params = {
                "filter": f"{metric} AND {where}",
                "interval.startTime": stamp(end - seconds),
                "interval.endTime": stamp(end),
                "aggregation.alignmentPeriod": f"{seconds}s",
                "aggregation.perSeriesAligner": aligner,
                "aggregation.crossSeriesReducer": reducer,
                "view": "FULL",
                **({"aggregation.groupByFields": "metric.labels.response_code"} if reducer == "REDUCE_SUM" else {}),
            }
            path = f"/v3/projects/{project}/timeSeries"
            body = self._monitoring.call("GET", path, f"{self.doing}: metrics", params=params).body
            if body.get("executionErrors"):  # "may have caused the time series data returned to be incomplete"
                raise ProviderError(f"{self.doing}: metrics: {error_text(body['executionErrors'][0])}")
            listed: list[Json] = body.get("timeSeries", [])
            return listed

        answers: dict[bool, float] = {False: 0.0, True: 0.0}
        for metric in RESPONSES:
            for one in series(metric, "ALIGN_SUM", "REDUCE_SUM"):
                failed = str(one["metric"].get("labels", {}).get("response_code", "")).startswith("5")
                answers[failed] += sum(_number(point["value"]) for point in one["points"])
        latencies = [
            _number(point["value"])
            for metric in LATENCIES
            for one in series(metric, "ALIGN_DELTA", "REDUCE_PERCENTILE_95")
            for point in one["points"]
        ]
        total = answers[True] + answers[False]
        return Measured(max(latencies, default=None), 100 * answers[True] / total if total else None)


def _number(value: Json) -> float:
    return float(value.get("doubleValue", value.get("int64Value", 0)))
