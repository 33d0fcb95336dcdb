"""What is asked of what stands on AWS, with boto3 and the credentials that it finds.

Which figure says that a variant was asked, and which that its machines stand:

- `Invocations`, of an online variant. https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
- `Invocation5XXErrors`, of an asynchronous one, which publishes no Invocations: it has a sample for each answer, 1 for
  an error of the model and else 0. `ApproximateBacklogSize` has what waits, under the endpoint's name alone.
  https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html
- `CPUUtilization` in /aws/sagemaker/Endpoints has a sample a minute for each instance, asked or not. An asynchronous
  endpoint at zero has none: DescribeEndpoint says how many instances there are now.

Nothing is published where nobody asks, so a missing figure of the first two is no answer by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, cast

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws.sagemaker import ENDPOINT, endpoint_kind, served
from catalogue.kinds.aws.studio import DOMAIN
from catalogue.machines import Machines
from catalogue.properties import Properties
from catalogue.served import EndpointKind
from operations.doctor import Unseen, aws
from operations.doctor.aws import Account
from operations.idle import Part, Window, by_hour, tagged_owner, unread
from operations.idle.decision import Evidence, Figures, LastUse, Unread

READS: Mapping[tuple[str, str], str] = {
    ("sts", "GetCallerIdentity"): "sts:GetCallerIdentity",
    ("sagemaker", "DescribeEndpoint"): "sagemaker:DescribeEndpoint",
    ("sagemaker", "DescribeEndpointConfig"): "sagemaker:DescribeEndpointConfig",
    ("sagemaker", "ListEndpoints"): "sagemaker:ListEndpoints",
    ("sagemaker", "ListApps"): "sagemaker:ListApps",
    ("sagemaker", "DescribeApp"): "sagemaker:DescribeApp",
    ("sagemaker", "DescribeSpace"): "sagemaker:DescribeSpace",
    ("sagemaker", "ListTags"): "sagemaker:ListTags",
    ("sagemaker", "ListNotebookInstances"): "sagemaker:ListNotebookInstances",
    ("cloudwatch", "GetMetricData"): "cloudwatch:GetMetricData",
}
"""Every operation that is ever sent, and the right that it takes. None changes anything."""

open_account = partial(aws.open_account, reads=READS)

_QUERIES = 500
"""Metrics in one question: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""
_GONE = {"ValidationException: Could not find endpoint"}
_FREE = "system"
"""The instance type of an application that AWS runs free of charge."""
_SETTINGS = {"JupyterLab": "jupyterLabAppSettings", "CodeEditor": "codeEditorAppSettings"}
"""The types of application that Studio stops by itself where it is told to."""


@dataclass(frozen=True)
class _Variant:
    """A variant that is asked about: the part, how many instances it has now, and when its endpoint was made."""

    part: Part
    variant: str
    queued: bool
    made: datetime | None


def clock(account: Account) -> datetime:
    """What time it is, as the answer of a read says."""
    answer = account.ask("sts", "GetCallerIdentity") or {}
    said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(said).astimezone(UTC) if said else datetime.now(UTC)


def standing(account: Account, graph: Graph, window: Window) -> Iterator[tuple[Part, Evidence]]:
    """The variants of the stack's endpoints, and the applications that people started in its Studio domains."""
    variants: list[_Variant] = []
    for endpoint in graph.of(ENDPOINT):
        try:
            variants += _variants(account, graph, endpoint)
        except Exception as error:
            yield Part(endpoint.name, "endpoint", endpoint.stack_key, _name(endpoint)), unread(error)
    yield from _figures(account, variants, window)
    for domain in graph.of(DOMAIN):
        try:
            yield from _apps(account, str(domain.outputs.get("id")), domain.props)
        except Exception as error:
            yield Part(f"applications of {domain.name}", "app", domain.stack_key), unread(error)


def _name(endpoint: Resource) -> str:
    return endpoint.props.text_if_known("name") or str(endpoint.outputs.get("id") or endpoint.name)


def _variants(account: Account, graph: Graph, endpoint: Resource) -> Iterator[_Variant]:
    """Each variant that has instances of its own. A serverless one bills what it answers, unless it is provisioned."""
    name, kind = _name(endpoint), endpoint_kind(graph, endpoint)
    there = account.ask("sagemaker", "DescribeEndpoint", _GONE, EndpointName=name)
    if there is None:
        raise Unseen("the state has it, and SageMaker does not")
    now = _instances(there)
    for variant, machines in served(graph, endpoint):
        said = variant.text_or_empty("variantName")
        own = f"{endpoint.name}/{said}"
        part = Part(own, "variant", endpoint.stack_key, name, machines, now.get(said), kind=kind)
        if "serverlessConfig" in variant:
            if variant.is_given("serverlessConfig.provisionedConcurrency"):
                raise Unseen("it keeps serverless concurrency, which publishes no figure while nobody asks")
            continue
        if not variant.is_given("modelName"):
            raise Unseen("it runs inference components, whose requests are counted by component")
        yield _Variant(part, said, kind == "async", there.get("CreationTime"))


def _instances(endpoint: Mapping[str, Any]) -> dict[str, int]:
    """How many instances each variant has now."""
    variants = [*endpoint.get("ProductionVariants", ()), *endpoint.get("ShadowProductionVariants", ())]
    return {
        str(one["VariantName"]): int(one["CurrentInstanceCount"]) for one in variants if "CurrentInstanceCount" in one
    }


# ---- figures --------------------------------------------------------------------------------------------------------


def _figures(account: Account, variants: Sequence[_Variant], window: Window) -> Iterator[tuple[Part, Evidence]]:
    """The figures of all variants, as many in one question as CloudWatch takes."""
    each = _QUERIES // 3
    for at in range(0, len(variants), each):
        asked = variants[at : at + each]
        try:
            found = _metrics(
                account, [query for number, one in enumerate(asked) for query in _queries(number, one)], window
            )
        except Exception as error:
            yield from ((one.part, unread(error)) for one in asked)
            continue
        for number, one in enumerate(asked):
            yield (
                one.part,
                _evidence(one, *(found.get(f"{what}{number}", {}) for what in ("asked", "stood", "waiting"))),
            )


def _evidence(one: _Variant, *answers: Mapping[datetime, float] | str) -> Evidence:
    """What CloudWatch says of one variant. A text in place of figures says why there are none."""
    figures = [answer for answer in answers if not isinstance(answer, str)]
    if len(figures) < len(answers):
        return Unread(next(answer for answer in answers if isinstance(answer, str)))
    calls, stood, waiting = figures
    replicas, sleeps = one.part.replicas, one.part.machines is not None and one.part.machines.low == 0
    return Figures(calls, stood, "CPUUtilization", waiting, one.made, replicas, sleeps)


def _queries(number: int, one: _Variant) -> Iterator[dict[str, Any]]:
    endpoint = {"EndpointName": one.part.endpoint}
    variant = {**endpoint, "VariantName": one.variant}
    calls = ("Invocation5XXErrors", "SampleCount") if one.queued else ("Invocations", "Sum")
    yield _query(f"asked{number}", "AWS/SageMaker", *calls, variant)
    yield _query(f"stood{number}", "/aws/sagemaker/Endpoints", "CPUUtilization", "SampleCount", variant)
    if one.queued:
        yield _query(f"waiting{number}", "AWS/SageMaker", "ApproximateBacklogSize", "Maximum", endpoint)


def _query(id_: str, namespace: str, metric: str, stat: str, dimensions: Mapping[str, str]) -> dict[str, Any]:
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    of = {"Namespace": namespace, "MetricName": metric, "Dimensions": named}
    return {"Id": id_, "MetricStat": {"Metric": of, "Period": 3600, "Stat": stat}}


def _metrics(
    account: Account, queries: Sequence[Mapping[str, Any]], window: Window
) -> dict[str, Mapping[datetime, float] | str]:
    """The hours of each query by its id. In place of the hours a clause, where CloudWatch did not read them all."""
    found: dict[str, dict[datetime, float]] = {}
    states: dict[str, str] = {}
    span = {"StartTime": window.start, "EndTime": window.now}
    for one in account.pages(
        "cloudwatch",
        "GetMetricData",
        "MetricDataResults",
        MetricDataQueries=queries,
        ScanBy="TimestampAscending",
        **span,
    ):
        points = zip(one.get("Timestamps", ()), one.get("Values", ()), strict=True)
        found.setdefault(one["Id"], {}).update({at.astimezone(UTC): float(value) for at, value in points})
        states[one["Id"]] = str(one.get("StatusCode", "Complete"))
    return {
        str(query["Id"]): by_hour(found.get(query["Id"], {}))
        if (state := states.get(query["Id"], "no answer")) == "Complete"
        else f"CloudWatch did not read its figures ({state})"
        for query in queries
    }


# ---- Studio ---------------------------------------------------------------------------------------------------------


def _apps(account: Account, domain: str, settings: Properties | None) -> Iterator[tuple[Part, Evidence]]:
    """The applications that run in a domain on a machine that bills.

    Of one that failed AWS does not say whether its machine is gone: of its states,
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AppDetails.html, only `Deleted` says so.
    """
    for app in account.pages("sagemaker", "ListApps", "Apps", DomainIdEquals=domain):
        machine = str(app.get("ResourceSpec", {}).get("InstanceType", _FREE))
        if app.get("Status") not in ("InService", "Pending", "Failed") or machine == _FREE:
            continue
        whose = {key: app[key] for key in ("UserProfileName", "SpaceName") if app.get(key)}
        name = "/".join([domain, *map(str, whose.values()), str(app["AppType"]), str(app["AppName"])])
        part = Part(name, "app", machines=Machines(name, machine, "training", 1, 1), replicas=1)
        try:
            owner = _owner(account, domain, whose)
            named = {"DomainId": domain, "AppType": app["AppType"], "AppName": app["AppName"], **whose}
            there = account.ask("sagemaker", "DescribeApp", **named) or {}
            if app["Status"] == "Failed":
                raise Unseen("it failed, and AWS does not say whether its machine is gone; delete the application")
        except Exception as error:
            yield replace(part, owner="/".join(map(str, whose.values()))), unread(error)
            continue
        yield replace(part, owner=owner), _last_use(there, settings)


def _owner(account: Account, domain: str, whose: Mapping[str, Any]) -> str:
    """The user of an application: it is the user's own, or runs in a space of somebody's."""
    if "UserProfileName" in whose or "SpaceName" not in whose:
        return str(whose.get("UserProfileName", ""))
    space = account.ask("sagemaker", "DescribeSpace", DomainId=domain, SpaceName=whose["SpaceName"]) or {}
    owner: str | None = space.get("OwnershipSettings", {}).get("OwnerUserProfileName")
    return owner or f"space {whose['SpaceName']}"


def _last_use(app: Mapping[str, Any], settings: Properties | None) -> LastUse:
    """SageMaker writes the time of its own health checks over that of the last activity, and then nobody can tell.

    `LastUserActivityTimestamp`: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeApp.html
    """
    active, checked = (app.get(key) for key in ("LastUserActivityTimestamp", "LastHealthCheckTimestamp"))
    told = cast(datetime, active).astimezone(UTC) if active is not None and active != checked else None
    return LastUse(True, told, app.get("CreationTime"), _stops_after(str(app.get("AppType")), settings))


def _stops_after(app_type: str, settings: Properties | None) -> float | None:
    """The most idle minutes that a user of the domain may choose for an application; None where it is not stopped."""
    if settings is None or app_type not in _SETTINGS:
        return None
    path = f"defaultUserSettings.{_SETTINGS[app_type]}.appLifecycleManagement.idleSettings"
    idle = settings.section_or_empty(path)
    if idle.text_or_empty("lifecycleManagement") != "ENABLED":
        return None
    bounds = (idle.number_or_none(key) for key in ("idleTimeoutInMinutes", "maxIdleTimeoutInMinutes"))
    return max((bound for bound in bounds if bound), default=None)


# ---- what no state names --------------------------------------------------------------------------------------------


def strangers(account: Account, graphs: list[Graph], window: Window) -> Iterator[tuple[Part, Evidence]]:
    """The endpoints, applications and notebook instances of the account and region that no state names."""
    for list_, what in ((_endpoints, "endpoints"), (_other_apps, "applications"), (_notebooks, "notebook instances")):
        try:
            yield from list_(account, graphs, window)
        except Exception as error:
            yield Part(f"{what} of the account", "endpoint"), unread(error)


def _endpoints(account: Account, graphs: list[Graph], window: Window) -> Iterator[tuple[Part, Evidence]]:
    own = {_name(endpoint) for graph in graphs for endpoint in graph.of(ENDPOINT)}
    variants: list[_Variant] = []
    for listed in account.pages("sagemaker", "ListEndpoints", "Endpoints"):
        name = str(listed["EndpointName"])
        if name not in own:
            try:
                variants += _unnamed(account, name, _tagged(account, str(listed["EndpointArn"])))
            except Exception as error:
                yield Part(name, "endpoint", endpoint=name), unread(error)
    yield from _figures(account, variants, window)


def _other_apps(account: Account, graphs: list[Graph], _: Window) -> Iterator[tuple[Part, Evidence]]:
    own = {str(domain.outputs.get("id")) for graph in graphs for domain in graph.of(DOMAIN)}
    for domain in sorted({str(app["DomainId"]) for app in account.pages("sagemaker", "ListApps", "Apps")} - own):
        yield from _apps(account, domain, None)


def _notebooks(account: Account, _: list[Graph], __: Window) -> Iterator[tuple[Part, Evidence]]:
    """Notebook instances of the old sort, which no component of ours makes. No API says when one was used."""
    for machine in account.pages("sagemaker", "ListNotebookInstances", "NotebookInstances"):
        name, type_ = str(machine["NotebookInstanceName"]), str(machine["InstanceType"])
        owner = _tagged(account, str(machine["NotebookInstanceArn"]))
        part = Part(name, "machine", machines=Machines(name, type_, "training", 1, 1), replicas=1, owner=owner)
        yield part, LastUse(machine.get("NotebookInstanceStatus") == "InService", made=machine.get("CreationTime"))


def _tagged(account: Account, arn: str) -> str:
    tags = account.pages("sagemaker", "ListTags", "Tags", ResourceArn=arn)
    return tagged_owner({str(tag["Key"]): tag["Value"] for tag in tags})


def _unnamed(account: Account, name: str, owner: str) -> Iterator[_Variant]:
    there = account.ask("sagemaker", "DescribeEndpoint", _GONE, EndpointName=name)
    if there is None:
        return
    config = account.ask("sagemaker", "DescribeEndpointConfig", EndpointConfigName=there["EndpointConfigName"]) or {}
    queued, now = bool(config.get("AsyncInferenceConfig")), _instances(there)
    for variant in (*config.get("ProductionVariants", ()), *config.get("ShadowProductionVariants", ())):
        said, type_ = str(variant["VariantName"]), variant.get("InstanceType")
        if type_ is None:
            continue
        if not variant.get("ModelName"):
            raise Unseen("it runs inference components, whose requests are counted by component")
        use = "async" if queued else "online"
        machines = Machines(name, str(type_), use, 0 if queued else 1, now.get(said, 1))
        # Whether its model is one of several, its configuration does not say.
        kind: EndpointKind | None = "async" if queued else None
        part = Part(f"{name}/{said}", "variant", None, name, machines, now.get(said), owner, kind=kind)
        yield _Variant(part, said, queued, there.get("CreationTime"))
