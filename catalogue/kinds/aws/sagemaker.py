"""Amazon SageMaker AI: models, endpoints, and the registry of versions. `studio.py` has where people work."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from catalogue.answers import attached_to, by_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.crons import expression_in_words
from catalogue.graph import Graph, Resource
from catalogue.hardware.catalogue import Use, load
from catalogue.kind import (
    Apart,
    Bills,
    CostsOnly,
    Guarded,
    Holds,
    KeyAt,
    Keys,
    Kind,
    No,
    Reaches,
    Runs,
    Serves,
    StandsApart,
    always,
    documented,
    setting,
)
from catalogue.kinds.aws import READ, acts, asks, regional, registry, tagged, terraform
from catalogue.kinds.aws.appautoscaling import TARGET, bounds_over_time, closed, moves, scheduled
from catalogue.kinds.aws.cloudwatch import ALARM, ENDPOINT_LOGS, LOG_GROUP, months_kept
from catalogue.kinds.aws.ec2 import GROUPS, SUBNET
from catalogue.kinds.aws.iam import ROLE
from catalogue.kinds.aws.kms import names_key
from catalogue.machines import Machines
from catalogue.once import once_a_graph
from catalogue.pricing import Bill, Pricing, Unpriced
from catalogue.properties import Malformed, Properties
from catalogue.served import EndpointKind, endpoint_of
from catalogue.targets import artifacts_below, target_of

ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
MODEL = "aws:sagemaker/model:Model"
PACKAGE_GROUP = "aws:sagemaker/modelPackageGroup:ModelPackageGroup"
PACKAGE_GROUP_POLICY = "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy"

_GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg/"
_API = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/"
_MODEL_VPC = documented(f"{_GUIDE}host-vpc.html", READ)
_CALLERS = documented(f"{_GUIDE}interface-vpc-endpoint.html", READ)
_REGISTRY = documented(f"{_GUIDE}model-registry.html", READ)
_CONFIGURES = documented(f"{_API}API_CreateEndpointConfig.html", READ)
_CREATES_MODEL = documented(f"{_API}API_CreateModel.html", READ)
_S3_PRICING = documented("https://aws.amazon.com/s3/pricing/", READ)
_PRICING = documented("https://aws.amazon.com/sagemaker/ai/pricing/", READ)


def takes_volume_key(machine_type: str) -> bool:
    """Whether SageMaker takes a volume key for machines of this type.

    It refuses one where the machine has local NVMe, which encrypts in hardware: `KmsKeyId` of CreateEndpointConfig,
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html. Which machines have it is
    the hardware catalogue's. A type that is not in it is taken for one without: its key is asked for.
    """
    known = load("aws").machine_types.get(machine_type)
    return known is None or not known.local_nvme


# ---- endpoints ------------------------------------------------------------------------------------------------------


def configurations(graph: Graph, endpoint: Resource) -> list[Resource]:
    """The configuration that an endpoint serves. Raises Malformed where it is not in the stack."""
    key = "endpointConfigName"
    found = graph.refers(endpoint, key, CONFIGURATION)
    if not found:
        name = endpoint.props.text_or_empty(key)
        found = [c for c in graph.of(CONFIGURATION) if name and c.props.text_if_known("name") == name]
    if not found:
        raise Malformed(key, "names a configuration that is not in the stack, so its machines are unknown", endpoint)
    return found


def is_async(graph: Graph, endpoint: Resource) -> bool:
    """Whether an endpoint answers through a queue. Then it may have zero replicas."""
    return any("asyncInferenceConfig" in c.props for c in configurations(graph, endpoint))


def endpoint_kind(graph: Graph, endpoint: Resource) -> EndpointKind:
    """The kind of an endpoint, by its configuration and the containers of its models, whoever wrote them."""
    found = configurations(graph, endpoint)
    if is_async(graph, endpoint):
        return "async"
    models = (model for one in found for model in graph.refers(one, "productionVariants", MODEL))
    if any(folders(model) for model in models):
        return "multi-model"
    serving = [variant for one in found for variant in variants(one)]
    return "serverless" if serving and all("serverlessConfig" in one for one in serving) else "online"


def variants(configuration: Resource) -> list[Properties]:
    """The production variants of a configuration. They answer callers."""
    return list(configuration.props.each_section("productionVariants"))


def shadows(configuration: Resource) -> list[Properties]:
    """The shadow variants of a configuration. They get a copy of the requests, and run and bill as others do."""
    return list(configuration.props.each_section("shadowProductionVariants"))


def targets(graph: Graph, endpoint: Resource, variant: Properties, alone: bool) -> list[Resource]:
    """The scalable targets of a variant.

    Where it is `alone`, a target whose variant is not known yet is its target too.
    """
    refers = graph.referring(TARGET, "resourceId", endpoint)
    named = _targets_by_endpoint(graph).get(f"endpoint/{endpoint.props.text_if_known('name')}", [])
    found = [*refers, *(target for target in named if target not in refers)]
    name = variant.text_or_empty("variantName")
    return [target for target in found if _scales(target, name, alone)]


@once_a_graph
def _targets_by_endpoint(graph: Graph) -> Mapping[str, list[Resource]]:
    """The scalable targets by the endpoint in their id, of the form endpoint/NAME/variant/VARIANT."""
    found: dict[str, list[Resource]] = {}
    for target in graph.of(TARGET):
        found.setdefault("/".join(target.props.text_if_known("resourceId").split("/")[:2]), []).append(target)
    return found


def _scales(target: Resource, variant: str, alone: bool) -> bool:
    if alone and (not variant or not target.props.text_if_known("resourceId")):
        return True
    return target.props.text_or_empty("resourceId").endswith(f"/variant/{variant}")


def managed_scaling(variant: Properties) -> Properties | None:
    """The variant's own range of instances, if it has one that is switched on."""
    scaling = variant.section_or_empty("managedInstanceScaling")
    return scaling if scaling and scaling.text_or_empty("status") != "DISABLED" else None


def _range(graph: Graph, endpoint: Resource, variant: Properties, alone: bool) -> tuple[int, int]:
    """The fewest and the most replicas of a variant, by all that scales it, whatever scheduled actions make of it.

    The most is never below its first number.
    """
    own, found = managed_scaling(variant), targets(graph, endpoint, variant, alone)
    lows = [_bound(target.props, "minCapacity", least=0) for target in found]
    highs = [_bound(target.props, "maxCapacity") for target in found]
    if own is not None:
        lows.append(_bound(own, "minInstanceCount", least=0))
        highs.append(_bound(own, "maxInstanceCount"))
    for action in (action for target in found for action in scheduled(graph, target)):
        bounds = action.props.section_or_empty("scalableTargetAction")
        lows += [_bound(bounds, "minCapacity", least=0)] if "minCapacity" in bounds else []
        highs += [_bound(bounds, "maxCapacity", least=0)] if "maxCapacity" in bounds else []
    start = _start(variant)
    return (min(lows), max(start, *highs)) if lows else (start, start)


def off_hours(graph: Graph, endpoint: Resource) -> list[tuple[str, list[tuple[datetime, datetime]]]]:
    """When scheduled actions let none of a variant's replicas run, over a year: a time zone and times in it, by target.

    Empty where none does, or where nobody can tell when (`appautoscaling.closed`).
    """
    served = [(c, v) for c in configurations(graph, endpoint) for v in variants(c)]
    found = (target for c, v in served for target in targets(graph, endpoint, v, len(served) == 1 and not shadows(c)))
    by_target = ((target, scheduled(graph, target)) for target in found)
    each = ((closed(target, actions), actions) for target, actions in by_target)
    return [(actions[0].props.text_or_empty("timezone") or "UTC", times) for times, actions in each if times]


def _start(variant: Properties) -> int:
    given = variant.number_or_none("initialInstanceCount") is not None
    return _bound(variant, "initialInstanceCount") if given else 1


def _paid(graph: Graph, endpoint: Resource, variant: Properties, machines: Machines) -> tuple[float, float]:
    """How many replicas of a variant the idle floor counts, and how many the ceiling: means over the hours of a year.

    Without scheduled actions they are the fewest and the most. With them each hour counts as many as the bounds then
    ask for and allow: 2 at most on 60 of the week's 168 hours and none on the others are 2 * 60 / 168 = 0.714. What
    such an hour allows is never below the variant's first number. Where the hours cannot be told, the dearest of them
    counts for all.
    """
    found = targets(graph, endpoint, variant, alone=not machines.part)
    actions = [action for target in found for action in scheduled(graph, target)]
    if not actions:
        return machines.low, machines.high
    only = found[0] if len(found) == 1 and managed_scaling(variant) is None else None
    times = bounds_over_time(only, actions) if only else None
    if times is None:
        lows = [one.number_or_none("minCapacity") or 0 for one in _bounds_in(found, actions)]
        return max(lows), machines.high
    start = _start(variant)
    floor = sum(share * least for share, least, _ in times)
    return floor, sum(share * (max(start, most) if most else 0) for share, _, most in times)


def _bounds_in(found: list[Resource], actions: list[Resource]) -> list[Properties]:
    return [one.props for one in found] + [one.props.section_or_empty("scalableTargetAction") for one in actions]


def _bound(section: Properties, key: str, least: int = 1) -> int:
    number = section.number_or_none(key)
    where = f"{section.at}.{key}" if section.at else key
    if number is None:
        raise Malformed(where, "is missing, so that nothing bounds the replicas", section.owner)
    if number < least or number != int(number):
        raise Malformed(where, f"is {number:g}, which is no number of replicas", section.owner)
    return int(number)


def served(graph: Graph, endpoint: Resource) -> Iterator[tuple[Properties, Machines]]:
    """Every variant of an endpoint with its machines. Shadow and serverless variants are included."""
    for configuration in configurations(graph, endpoint):
        use: Use = "async" if "asyncInferenceConfig" in configuration.props else "online"
        production, shadow = variants(configuration), shadows(configuration)
        if not production:
            raise Malformed("productionVariants", "names no variant, so its machines are unknown", configuration)
        alone = len(production) + len(shadow) == 1
        for noun, group in (("variant", production), ("shadow variant", shadow)):
            for variant in group:
                part = "" if alone else f"{noun} {variant.text_or_empty('variantName') or 'without a name'}"
                yield variant, _of_variant(graph, endpoint, variant, use, part)


def _of_variant(graph: Graph, endpoint: Resource, variant: Properties, use: Use, part: str) -> Machines:
    if "serverlessConfig" in variant:
        size = variant.section_or_empty("serverlessConfig")
        memory = size.text_or_empty("memorySizeInMb")
        provisioned = size.number_or_none("provisionedConcurrency") is not None
        low, high = _bound(size, "provisionedConcurrency") if provisioned else 0, _bound(size, "maxConcurrency")
        return Machines(endpoint.name, f"serverless {memory} MB", use, low, high, part, serverless=True)
    type_ = variant.text_or_empty("instanceType")
    if not type_:
        raise Malformed(variant.at, "is of an unknown kind: neither instances nor serverless", variant.owner)
    low, high = _range(graph, endpoint, variant, alone=not part)
    return Machines(
        endpoint.name, type_, use, low, high, part, accelerator=variant.text_or_empty("acceleratorType") or None
    )


def log_group(graph: Graph, endpoint: Resource) -> Resource | None:
    """The log group of the endpoint that it waits for; None where SageMaker is left to make it."""
    own = f"{ENDPOINT_LOGS}{endpoint.props.text_if_known('name')}"
    waited = (graph.by_urn.get(urn) for urn in endpoint.dependencies)
    groups = (one for one in waited if one is not None and one.type == LOG_GROUP)
    return next((one for one in groups if one.props.text_if_known("name") == own), None)


def _endpoint_machines(graph: Graph, endpoint: Resource) -> Iterator[Machines]:
    yield from (machines for _, machines in served(graph, endpoint))


def _hours(graph: Graph, endpoint: Resource) -> Iterator[str]:
    """Each scheduled action that moves the bounds of a variant, with the bounds from then on."""
    for variant, machines in served(graph, endpoint):
        for target in targets(graph, endpoint, variant, alone=not machines.part):
            for action in scheduled(graph, target):
                zone = action.props.text_or_empty("timezone") or "UTC"
                when = expression_in_words(action.props.text_or_empty("schedule"), zone)
                low, high = ("as before" if bound is None else f"{bound:g}" for bound in moves(action))
                yield f"{when}: {low} to {high}"


def _endpoint_price(pricing: Pricing, endpoint: Resource) -> Bill:
    """The hours of each variant, and its volumes where its machines have no own store. Logs are in the ceiling.

    Off hours count for nothing: `_paid` has the arithmetic.

    They are kept as long as the endpoint's log group says. In one that SageMaker makes by itself nothing expires.
    https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
    """
    idle = ceiling = 0.0
    parts = list[str]()
    group = log_group(pricing.graph, endpoint)
    kept = months_kept(group) * pricing.of("cloudwatch-logs-storage")
    logs = pricing.assume("log-gb-per-replica") * (pricing.of("cloudwatch-logs-ingestion") + kept)
    for variant, machines in served(pricing.graph, endpoint):
        hour = pricing.hour(machines)
        month = pricing.hours * hour + _volume(pricing, variant, machines)
        floor, most = _paid(pricing.graph, endpoint, variant, machines)
        idle += floor * month
        ceiling += most * (month + logs)
        scheduled_to = "" if (floor, most) == (machines.low, machines.high) else ", a mean over its hours,"
        parts.append(f"{floor:.4g} to {most:.4g} × {machines.said}{scheduled_to} × {pricing.hours} h × ${hour:g}")
    said = f"{'; '.join(parts)}, volumes, and logs, kept for {months_kept(group):g} months, in the ceiling"
    return Bill(endpoint_of(endpoint_kind(pricing.graph, endpoint)), idle, ceiling, said)


def _volume(pricing: Pricing, variant: Properties, machines: Machines) -> float:
    family = pricing.hardware.family_of(machines.machine_type, machines.accelerator)
    if family is None:
        raise Unpriced(machines.said)
    if pricing.hardware.machine(family).local_nvme:
        return 0.0
    size = variant.number_or_none("volumeSizeInGb")
    if size is None:
        size = pricing.assume("endpoint-volume-gb")
    if size <= 0:
        raise Malformed(f"{variant.at}.volumeSizeInGb", f"is {size:g}, which is no size of a volume", variant.owner)
    return size * pricing.of("sagemaker-endpoint-storage")


# ---- keys -----------------------------------------------------------------------------------------------------------


def where(path: str) -> Callable[[Graph, Resource], bool]:
    """A key is needed where something is written, which is where a section or text at the path is given."""

    def given(graph: Graph, resource: Resource) -> bool:
        head, _, rest = path.partition(".")
        return head in resource.props and (not rest or any(True for _ in resource.props.each(path)))

    return given


def _on_volumes(graph: Graph, configuration: Resource) -> bool:
    """Whether any variant runs on instances without an encrypted store of their own."""
    types = (v.text_or_empty("instanceType") for v in (*variants(configuration), *shadows(configuration)))
    return any(type_ and takes_volume_key(type_) for type_ in types)


def captures(graph: Graph, configuration: Resource) -> bool:
    """Whether a configuration keeps requests or answers, which it does unless it is told not to."""
    capture = configuration.props.section_or_empty("dataCaptureConfig")
    return bool(capture) and capture.flag_or_none("enableCapture") is not False


def captures_of(graph: Graph) -> set[str]:
    """The s3:// places of what endpoints capture, without a slash at the end, where they are known."""
    found = (
        c.props.text_if_known("dataCaptureConfig.destinationS3Uri")
        for c in graph.of(CONFIGURATION)
        if captures(graph, c)
    )
    return {uri.rstrip("/") for uri in found if uri}


def _capture_price(pricing: Pricing, configuration: Resource) -> Bill:
    """What its endpoint captures is stored in S3, in the ceiling: nothing is kept where nobody calls."""
    amount = pricing.assume("capture-gb") if captures(pricing.graph, configuration) else 0.0
    return Bill("capture", 0.0, amount * pricing.of("s3-standard"), f"{amount:g} GB kept, in the ceiling")


# ---- models ---------------------------------------------------------------------------------------------------------


def _containers(model: Resource) -> list[Properties]:
    """Every container of a model: its single one, and those of a pipeline or a multi-container endpoint."""
    found = [*model.props.each_section("primaryContainer"), *model.props.each_section("containers")]
    if not found:
        raise Malformed("primaryContainer", "and containers are missing, so its machines are unknown", model)
    return found


SEVERAL, ALONE = "MultiModel", "SingleModel"
"""The modes of a container: several models, each of which a caller names, or one, which is meant without a word."""


def folders(model: Resource) -> list[str]:
    """The places below which a model's containers find whatever a caller names, of those that serve several models."""
    found = [*model.props.each_section("primaryContainer"), *model.props.each_section("containers")]
    return [one.text_or_empty("modelDataUrl") for one in found if one.text_or_empty("mode") == SEVERAL]


def target_models(graph: Graph, endpoint: Resource) -> list[str]:
    """What a caller says to name each model of an endpoint that serves several, as the stack file has them."""
    models = [
        model
        for configuration in configurations(graph, endpoint)
        for model in graph.refers(configuration, "productionVariants", MODEL)
    ]
    return sorted(
        target_of(uri, folder)
        for model in models
        for folder in folders(model)
        for uri in artifacts_below(graph.placement, folder)
    )


def _images(graph: Graph, model: Resource) -> Iterator[str]:
    """The image of a container. Without one it comes from a version of the registry, which never changes."""
    for container in _containers(model):
        if "image" in container:
            yield container.text_or_empty("image")
        elif "modelPackageName" not in container:
            raise Malformed(container.at, "names neither an image nor a version of the registry", model)


def _artifacts(graph: Graph, model: Resource) -> Iterator[str]:
    for container in _containers(model):
        for uri in container.each_text("modelDataUrl"):
            below = artifacts_below(graph.placement, uri) if container.text_or_empty("mode") == SEVERAL else ()
            yield from sorted(below) or (uri,)
        yield from container.each_text("modelDataSource.s3DataSources.s3Uri")
        yield from container.each_text("additionalModelDataSources.s3DataSources.s3Uri")


def artifacts_of(graph: Graph) -> set[str]:
    """The s3:// places of every model's artifacts."""
    return {uri for model in graph.of(MODEL) for uri in _artifacts(graph, model)}


def images_of(graph: Graph) -> set[str]:
    """The images of every model's containers."""
    return {image for model in graph.of(MODEL) for image in _images(graph, model)}


# ---- how SageMaker treats them --------------------------------------------------------------------------------------

_ARN = "arn:aws:sagemaker:{region}:{account}:"
NAME = r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"


_ENDPOINT_ACTS = acts(
    "sagemaker",
    by_name(_ARN + "endpoint/{name}"),
    Behaviour(
        name="name",
        pattern=NAME,
        # https://github.com/hashicorp/terraform-provider-aws/issues/40080
        exists='ValidationException: Cannot create already existing endpoint "{arn}".',
        refs=(
            Ref("endpointConfigName", (CONFIGURATION,)),
            Ref("deploymentConfig.autoRollbackConfiguration.alarms.alarmName", (ALARM,)),
        ),
        machines=True,
        beside=True,
    ),
)
_CONFIGURATION_ACTS = acts(
    "sagemaker",
    by_name(_ARN + "endpoint-config/{name}"),
    Behaviour(
        name="name",
        pattern=NAME,
        # https://github.com/awslabs/spot-tagging-bot-for-digital-assets/issues/2
        exists='ValidationException: Cannot create already existing endpoint configuration "{arn}".',
        refs=(Ref("productionVariants.modelName", (MODEL,)), *names_key("kmsKeyArn")),
    ),
)
_MODEL_ACTS = acts(
    "sagemaker",
    by_name(_ARN + "model/{name}"),
    Behaviour(
        name="name",
        pattern=NAME,
        # Assumed: as SageMaker says it of an endpoint.
        exists='ValidationException: Cannot create already existing model "{arn}".',
        refs=(
            Ref("executionRoleArn", (ROLE,)),
            Ref("vpcConfig.subnets[]", (SUBNET,)),
            Ref("vpcConfig.securityGroupIds[]", GROUPS),
        ),
        fetches=True,
    ),
)
_PACKAGE_GROUP_ACTS = acts(
    "sagemaker",
    by_name(_ARN + "model-package-group/{name}", "modelPackageGroupName"),
    Behaviour(name="modelPackageGroupName", pattern=NAME),
)
_PACKAGE_GROUP_POLICY_ACTS = acts(
    "sagemaker",
    attached_to("modelPackageGroupName"),
    Behaviour(refs=(Ref("modelPackageGroupName", (PACKAGE_GROUP,)),), second="changes"),
)
KINDS = (
    Kind(
        token=ENDPOINT,
        tags=tagged(ENDPOINT),
        keys=No("its configuration names the key", _CONFIGURES),
        holds=CostsOnly(_PRICING),
        reaches=Reaches(always("sagemaker.runtime"), _CALLERS),
        runs=Runs(_endpoint_machines, _CONFIGURES, hours=_hours, serves=endpoint_kind),
        bills=Bills(_endpoint_price, _PRICING, ("Amazon SageMaker", "AmazonCloudWatch")),
        stands=regional(ENDPOINT),
        keeps=No("answers are not kept; a queue's results rest in a bucket", _CONFIGURES),
        serves=No("its model names the containers", _CREATES_MODEL),
        acts=_ENDPOINT_ACTS,
        renders=terraform("sagemaker_endpoint"),
        apart=StandsApart(
            (
                Apart(
                    "endpointConfigName",
                    "a canary that is taken back leaves the version before serving",
                    "`pulumi up`, once the stack file has a version that passes",
                    by_cloud=True,
                ),
            ),
            documented(f"{_GUIDE}deployment-guardrails-configuration.html", READ),
        ),
    ),
    setting(
        CONFIGURATION,
        "an endpoint",
        _CONFIGURES,
        tags=tagged(CONFIGURATION),
        keys=Keys(
            (
                KeyAt("kmsKeyArn", _on_volumes),
                KeyAt("asyncInferenceConfig.outputConfig.kmsKeyId", where("asyncInferenceConfig")),
                KeyAt("dataCaptureConfig.kmsKeyId", captures),
                KeyAt("productionVariants.coreDumpConfig.kmsKeyId", where("productionVariants.coreDumpConfig")),
                KeyAt(
                    "shadowProductionVariants.coreDumpConfig.kmsKeyId",
                    where("shadowProductionVariants.coreDumpConfig"),
                ),
            ),
            _CONFIGURES,
        ),
        runs=No("its endpoint runs what it describes", _CONFIGURES),
        bills=Bills(_capture_price, _S3_PRICING, ("Amazon Simple Storage Service",)),
        stands=regional(CONFIGURATION),
        acts=_CONFIGURATION_ACTS,
        renders=terraform("sagemaker_endpoint_configuration"),
        rights=asks(
            "amazonsagemaker",
            "sagemaker:AddTags",
            "sagemaker:CreateEndpointConfig",
            deletes=("sagemaker:DeleteEndpointConfig",),
        ),
        apart=StandsApart(
            (
                Apart(
                    "productionVariants.initialInstanceCount",
                    "autoscaling sets the number of instances, between the bounds of the variant's scaling target",
                    "`aws sagemaker update-endpoint-weights-and-capacities --endpoint-name ENDPOINT "
                    "--desired-weights-and-capacities VariantName={productionVariants.variantName},"
                    "DesiredInstanceCount={productionVariants.initialInstanceCount}`",
                    by_cloud=True,
                ),
            ),
            documented(f"{_GUIDE}endpoint-auto-scaling.html", READ),
        ),
    ),
    Kind(
        token=MODEL,
        tags=tagged(MODEL),
        keys=No("it names an image and an artifact and stores neither", _CREATES_MODEL),
        holds=No("the artifact rests in its bucket", _CREATES_MODEL),
        reaches=Reaches(always("s3"), _MODEL_VPC),
        runs=No("what serves it runs it", _CREATES_MODEL),
        bills=No("a model is free; what serves it bills", _PRICING),
        stands=regional(MODEL),
        keeps=No("nothing is written to it", _CREATES_MODEL),
        serves=Serves(_images, _artifacts, _CREATES_MODEL),
        acts=_MODEL_ACTS,
        renders=terraform("sagemaker_model"),
    ),
    setting(
        PACKAGE_GROUP,
        "the registry",
        _REGISTRY,
        tags=tagged(PACKAGE_GROUP),
        holds=Holds("data", _REGISTRY),
        bills=No("the registry is free", _PRICING),
        stands=regional(PACKAGE_GROUP),
        acts=_PACKAGE_GROUP_ACTS,
        renders=terraform("sagemaker_model_package_group"),
        guarded=Guarded((PACKAGE_GROUP_POLICY,), _REGISTRY),
    ),
    setting(
        PACKAGE_GROUP_POLICY,
        "a model package group",
        registry(PACKAGE_GROUP_POLICY),
        holds=Holds("guard", _REGISTRY),
        stands=regional(PACKAGE_GROUP_POLICY),
        acts=_PACKAGE_GROUP_POLICY_ACTS,
        renders=terraform("sagemaker_model_package_group_policy"),
        rights=asks(
            "amazonsagemaker",
            "sagemaker:PutModelPackageGroupPolicy",
            deletes=("sagemaker:DeleteModelPackageGroupPolicy",),
        ),
    ),
)
