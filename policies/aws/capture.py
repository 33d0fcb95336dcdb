"""Capture: a share of the requests and answers is kept, in a bucket of the stack, and expires."""

from collections.abc import Iterator, Mapping
from math import inf

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import s3, sagemaker
from catalogue.once import once_a_graph
from catalogue.properties import Properties
from policies import limits
from policies.rule import stack_rule

_AT = "dataCaptureConfig"
_SIZES = ("objectSizeGreaterThan", "objectSizeLessThan")
_NARROW = ("tag", *_SIZES, "and.tags", *(f"and.{size}" for size in _SIZES))


@stack_rule(
    "limits-capture",
    sagemaker.CONFIGURATION,
    severity="high",
    says="Captured requests and answers are a share, and are deleted in time from a bucket of the stack.",
    remedy="Set capture.percent and capture.days of the endpoint in the stack file to at most the limits.",
)
def capture(graph: Graph, configuration: Resource) -> Iterator[str]:
    """Requests and answers may be about people, and nothing but a lifecycle deletes what SageMaker keeps of them:
    DataCaptureConfig, https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DataCaptureConfig.html. Its key is
    judged by `encryption-customer-key`.
    """
    if not sagemaker.captures(graph, configuration):
        return
    known = limits.of(graph)
    share, most = known["capture-percent"].number, known["capture-days"].number
    if not 0 < (configuration.props.number_or_none(f"{_AT}.initialSamplingPercentage") or 0) <= share:
        yield f"captures more than {share:g} % of requests and answers"
    place = configuration.props.text_if_known(f"{_AT}.destinationS3Uri")
    named, _, folder = place.partition("://")[2].partition("/")
    buckets = graph.refers(configuration, _AT, s3.BUCKET)
    # What a reference leads to may be another bucket than the one in a text that is known.
    own = [bucket for bucket in graph.of(s3.BUCKET) if named and bucket.props.text_if_known("bucket") == named]
    for bucket in own or ([] if named else buckets):
        rules, below = lifecycle_rules(graph, bucket), f"{folder.rstrip('/')}/" if place else None
        if not any(expires(rule, below, "expiration.days", most) for rule in rules):
            yield f"keeps what it captures for longer than {most:g} days ({bucket.name})"
        # What expires in a bucket with versions stays as an old one: "Understanding object expiration",
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-expire-general-considerations.html
        old = "noncurrentVersionExpiration.noncurrentDays"
        if graph.referring(s3.VERSIONING, "bucket", bucket) and not any(
            expires(rule, below, old, most) for rule in rules
        ):
            yield f"keeps old versions of what it captures for longer than {most:g} days ({bucket.name})"
        for rule in rules if graph.ours else ():
            days, above = rule.number_or_none("expiration.days"), prefix_of(rule)
            if days and days > most and above and below != above and (below or "").startswith(above):
                yield f"keeps what is captured no more for {days:g} days, allowed {most:g} ({above})"
    if not own and (named or not buckets):
        yield f"captures into {named or 'a bucket'}, which is not of this stack"


def lifecycle_rules(graph: Graph, bucket: Resource) -> list[Properties]:
    """The rules of a bucket's lifecycle."""
    lifecycles = graph.referring(s3.LIFECYCLE, "bucket", bucket)
    return [rule for lifecycle in lifecycles for rule in lifecycle.props.each_section("rules")]


def prefix_of(rule: Properties) -> str:
    """Where in its bucket a rule of a lifecycle holds; empty for everywhere."""
    said = (rule.text_or_empty(at) for at in ("filter.prefix", "filter.and.prefix", "prefix"))
    return next(filter(None, said), "")


def kept_days(graph: Graph, uri: str) -> list[float | None]:
    """After how many days what lies at an s3:// place is deleted, where a bucket of the stack has that name; None where
    no rule deletes it. Of several rules S3 takes the shortest time.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-conflicts.html
    """
    name, _, folder = uri.removeprefix("s3://").partition("/")
    rules = _days_by_prefix(graph).get(name)
    if rules is None:
        return []
    return [min((rules[folder[:end]] for end in range(len(folder) + 1) if folder[:end] in rules), default=None)]


@once_a_graph
def _days_by_prefix(graph: Graph) -> Mapping[str, Mapping[str, float]]:
    """By the name of each bucket of the stack, after how many days its rules delete all that begins so."""
    found: dict[str, dict[str, float]] = {}
    for bucket in graph.of(s3.BUCKET):
        if name := bucket.props.text_if_known("bucket"):
            own = found.setdefault(name, {})
            for rule in lifecycle_rules(graph, bucket):
                prefix = prefix_of(rule)
                if expires(rule, prefix, "expiration.days", inf):
                    own[prefix] = min(own.get(prefix, inf), rule.number_or_none("expiration.days") or inf)
    return found


def expires(rule: Properties, folder: str | None, at: str, most: float) -> bool:
    """Whether a rule, by its days there, deletes all below a folder in time. Where that is not known, any rule may."""
    below = prefix_of(rule)
    narrow = any(rule.is_given(f"filter.{part}") for part in _NARROW) or rule.is_given(
        f"{at.partition('.')[0]}.newerNoncurrentVersions"
    )
    covers = folder is None or folder.startswith(below)
    days = rule.number_or_none(at)
    return rule.text_or_empty("status") == "Enabled" and covers and not narrow and days is not None and 0 < days <= most


RULES = [capture]
