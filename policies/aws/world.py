"""The stack's own world on AWS: accounts, regions and names in every text that a resource gives, documents included.

One reader for ARNs, addresses and hosts. What stands under an input that may say anything (`free`) is not read.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from catalogue.generated import generated
from catalogue.graph import Graph, Resource
from catalogue.kind import Takes
from catalogue.kinds import kind_of
from catalogue.once import once_a_graph, once_a_resource
from catalogue.wording import in_words
from policies import given
from policies.aws import promoted
from policies.aws.tuned import beginnings
from policies.rule import OPEN_TO_OTHERS, Found, whole_stack_rule
from policies.world import World, texts, world

_REGION = re.compile(
    r"(?<![a-z0-9])(?:us|eu|ap|sa|ca|me|af|il|mx|cn)(?:-gov|-iso[a-z]?)?-(?:central|(?:north|south)(?:east|west)?|east|west)-\d"
    r"(?=[a-z]?(?![a-z0-9]))"
)
"""A region, or one of its zones: a part of the world, a direction and a number, for a name such as `churn-eu-alerts-6`
names none. https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html"""
_ACCOUNT = re.compile(r"(?<![\w-])\d{12}(?![\w-])")
_REGISTRIES = generated("aws").registries


@dataclass(frozen=True)
class Arn:
    """An ARN in its parts, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html."""

    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def read(cls, text: str) -> "Arn | None":
        """The parts of a text that is an ARN, in any case of its first letters; None of any other text."""
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0].casefold() != "arn":
            return None
        return cls(parts[2].casefold(), parts[3], parts[4], parts[5])


@once_a_resource
def said(resource: Resource) -> list[tuple[str, str]]:
    """Every text of a resource that is not under an input that may say anything, with its path."""
    if not resource.custom:
        return []
    kind = kind_of(resource.type)
    free = kind.takes.free if kind and isinstance(kind.takes, Takes) else frozenset[str]()
    return [(path, text) for path, text in texts(resource) if not _below(free, path)]


def _below(free: frozenset[str], path: str) -> bool:
    parts = [part for part in path.partition("#")[0].split(".") if not part.isdigit()]
    return any(".".join(parts[:end]) in free for end in range(1, len(parts) + 1))


@once_a_graph
def _accounts(graph: Graph) -> frozenset[str]:
    """The stack's own account, and those that its file, its landing zone or AWS's own images have."""
    ours = world(graph)
    named = {found for text in ours.given for found in _ACCOUNT.findall(text)}
    own = {ours.account} if ours.account else _own_accounts(graph)
    return frozenset({*own, *named, *_REGISTRIES, "aws"}) if own else frozenset()


def _own_accounts(graph: Graph) -> set[str]:
    """The accounts of a program without a stack file: those of the ARNs that the cloud has answered. Where it has not,
    those that its providers may deploy to; else the one that more of its resources name than any other.
    """
    if answered := {arn.account for arn in _answered(graph) if arn.account.isdigit()}:
        return answered
    providers = [one for one in graph.resources if one.type == "pulumi:providers:aws"]
    if allowed := {found for one in providers for found in _ACCOUNT.findall(str(one.inputs.get("allowedAccountIds")))}:
        return allowed
    named = Counter(found for one in graph.cloud for found in {each for _, each, _ in _accounts_in(one)})
    most = [one for one in named.most_common() if one[0].isdigit() and one[0] not in _REGISTRIES]
    return {most[0][0]} if len(most) == 1 or (most and most[0][1] > most[1][1]) else set()


def _answered(graph: Graph) -> list[Arn]:
    """The ARNs that the cloud has answered: one that was sent, as the target of a rule, may be anybody's."""
    said = (str(one.outputs.get("arn")) for one in graph.cloud if "arn" not in one.inputs)
    return [arn for arn in map(Arn.read, said) if arn is not None]


@whole_stack_rule(
    "world-account",
    severity="critical",
    says="No principal, key, condition, destination or other text names an account that is neither the stack's, nor "
    "AWS's own, nor named in the stack file or its landing zone.",
    remedy="Name a resource of the stack's own account; or name the account under sources, callers, registry or the "
    "landing zone, where it shows in review.",
    advice_elsewhere=True,
    never_waived=OPEN_TO_OTHERS,
)
def account(graph: Graph) -> Found:
    """In ARNs, and wherever twelve digits stand alone.

    Without a stack file the account is the one that the cloud, the provider or most of the resources say; where none
    does, nothing is said.
    """
    if not (known := _accounts(graph)):
        return
    shared = promoted.texts(graph)  # which registry-shared judges
    for resource in graph.resources:
        for path, found, text in _accounts_in(resource):
            if found not in known and text not in shared:
                yield resource, f"names the account {found} in {path}, which is not the stack's"


@once_a_resource
def _accounts_in(resource: Resource) -> list[tuple[str, str, str]]:
    return [(path, found, text) for path, text in said(resource) for found in sorted(_named(text))]


@once_a_resource
def _regions_in(resource: Resource) -> list[tuple[str, str, str]]:
    return [(path, found, text) for path, text in said(resource) for found in dict.fromkeys(_REGION.findall(text))]


@once_a_resource
def _places_in(resource: Resource) -> list[tuple[str, str]]:
    return [(path, text) for path, text in said(resource) if Arn.read(text) or text.lower().startswith(_BUCKETS)]


_BUCKETS = ("s3://", "s3a://")


def _named(text: str) -> set[str]:
    arn = Arn.read(text)
    found = {*_ACCOUNT.findall(text)}
    # API Gateway's ARN of an integration has a service there, such as lambda:
    # https://docs.aws.amazon.com/apigateway/latest/api/API_Integration.html (uri)
    named = arn is not None and arn.account and "*" not in arn.account and arn.service != "apigateway"
    return found | ({arn.account} if arn and named else set())


@whole_stack_rule(
    "world-region",
    severity="high",
    says="Nothing that a resource names stands in another region than the stack's.",
    remedy="Name what is in the stack's region; or name the place of others in the stack file, where it shows in "
    "review.",
    advice_elsewhere=True,
)
def region(graph: Graph) -> Found:
    """In ARNs, hosts, zones and endpoints: data that leaves its region is data elsewhere.

    A program without a stack file stands where its providers are, or where the cloud has answered. Its names are its
    own, so a region counts there only where AWS reads one.
    """
    ours = world(graph)
    if not ours.region:
        yield from _other_regions(graph)
        return
    named = {found for text in ours.given for found in _REGION.findall(text)}
    zone = given.zone(graph)
    own = f"{zone.name_prefix if zone else ''}{graph.stack}"
    for resource in graph.resources:
        for path, found, text in _regions_in(resource):
            # A stack may be called churn-eu-west-2, wherever it stands.
            apart = text if own in found else text.replace(own, "")
            if found != ours.region and found not in named and found in apart:
                yield resource, f"names the region {found} in {path}, where the stack is in {ours.region}"


_IN_A_HOST = re.compile(rf"(?<=[.]){_REGION.pattern}(?=[.])")
"""A region as a whole label of a host or of a service's name, such as com.amazonaws.us-east-1.logs."""
_WHOLE = re.compile(rf"{_REGION.pattern}[a-z]?")
_FOR_THE_EDGE = ("acm", "wafv2", "lambda")
"""What CloudFront, which has no region, takes from us-east-1 alone:
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html"""


def _other_regions(graph: Graph) -> Found:
    providers = [one for one in graph.resources if one.type == "pulumi:providers:aws"]
    said_of_them = {one.props.text_if_known("region") for one in providers} - {""}
    own = said_of_them or {arn.region for arn in _answered(graph) if _WHOLE.fullmatch(arn.region)}
    for resource in graph.cloud if own else ():
        told = set[str]()
        for path, text in said(resource):
            for found in _regions_of(text):
                if found not in own and found not in told:
                    told.add(found)
                    yield (
                        resource,
                        f"names the region {found} in {path}, where the program is in {in_words(sorted(own))}",
                    )


def _regions_of(text: str) -> list[str]:
    """The regions that AWS reads in a text: of an ARN, of a host, or where it says nothing else."""
    if (arn := Arn.read(text)) is not None:
        at_the_edge = arn.region == "us-east-1" and arn.service in _FOR_THE_EDGE
        return [arn.region] if _WHOLE.fullmatch(arn.region) and not at_the_edge else []
    if _WHOLE.fullmatch(text):
        return _REGION.findall(text)
    return _IN_A_HOST.findall(text)


# What an ARN of the stack's own account may say that names no resource of it, by service. {p} is how the stack's names
# begin, {r} its region.
_SHAPES = {
    "cloudtrail": "trail/{p}-audit",  # also where a landing zone has the trail, so that the stack's may come later
    "cloudwatch": r"alarm:{p}-\*",
    "ec2": r"(network-interface|security-group)/\*",
    # The rules by which Step Functions hears of a job's end:
    # https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
    "events": "rule/StepFunctionsGetEventsForSageMaker(Training|Transform|Tuning)JobsRule",
    "iam": r"root|role/aws-reserved/sso\.amazonaws\.com/\*",
    "logs": r"log-group:/aws/sagemaker/(\*|\*Jobs:log-stream:{p}-\*|TrainingJobs:log-stream:({t})-\*|Endpoints/{p}-\*)",
    # ECR keeps layers there: https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
    "s3": r"prod-{r}-starport-layer-bucket/\*",
    "sagemaker": r"(endpoint|model-package(-group)?|(processing|training|transform)-job)/{p}-[\w*/-]+"
    r"|hyper-parameter-tuning-job/({t})-\*"
    r"|pipeline/{p}-[\w-]+(/execution/\*)?"
    r"|(domain|app|space|user-profile)/\$\{{sagemaker:DomainId\}}(/\$\{{sagemaker:UserProfileName\}})?(/\*)?"
    r"|user-profile/\*/\$\{{aws:SourceIdentity\}}|mlflow-app/\*",
    # What a schedule sends; which pipeline it names is inputs-request's to judge.
    "scheduler": "aws-sdk:sagemaker:startPipelineExecution",
    "states": r"stateMachine:{p}-[\w*-]+|execution:{p}-[\w-]+:\*"
    r"|sagemaker:create(HyperParameterTuning|Training|Transform)Job\.sync"
    r"|aws-sdk:sagemaker:(describeTransformJob|listTransformJobs|stopTransformJob)",
}
# What a condition may say beside: where a call must come from, which no name narrows.
_FROM = {"logs": r"\*|log-group:\*", "scheduler": r"schedule/\*", "states": r"stateMachine:\*"}


@whole_stack_rule(
    "world-place",
    severity="high",
    says="Every ARN and every bucket that a resource names is one of the stack's, or is named in its file or its "
    "landing zone.",
    remedy="Name the resource by its own output; or name the place of others under sources, where it shows in review.",
    advice_elsewhere=True,
)
def place(graph: Graph) -> Found:
    """A wildcard must lie in what is the stack's. In a program without a stack file nobody knows what is its own, and
    this says nothing.
    """
    if graph.placement is None:
        return
    ours = world(graph)
    shapes = _shapes(graph, ours)
    for resource in graph.cloud:
        for path, text in _places_in(resource):
            if text not in promoted.texts(graph) and _is_foreign(ours, shapes, path, text):
                yield resource, f"names {text} in {path}, which is nothing of the stack's"


def _is_foreign(ours: World, shapes: dict[str, re.Pattern[str]], path: str, text: str) -> bool:
    if text.lower().startswith(_BUCKETS):
        return not ours.has(text)
    arn = Arn.read(text)
    if arn is None or ours.has(text):
        return False
    if arn.service == "ecr" and (_is_of_an_image(ours, arn) or _is_made_by_aws(arn)):
        return False
    if arn.account in ("", ours.account) and any(
        ours.has(tail) for tail in re.split("[/:]", arn.resource, maxsplit=1)[1:]
    ):
        return False  # before the cloud has answered, a resource is known by its name alone
    where = "condition" if ".Condition." in path and arn.service in _FROM else ""
    shape = shapes.get(f"{arn.service}{where}")
    return shape is None or not shape.fullmatch(arn.resource)


def _is_made_by_aws(arn: Arn) -> bool:
    """Whether a repository, by its name, is one of those in which AWS keeps the images that it makes."""
    return arn.account in _REGISTRIES and re.fullmatch(r"repository/[\w./-]+", arn.resource) is not None


def _is_of_an_image(ours: World, arn: Arn) -> bool:
    """Whether a repository, or all below a namespace, is that of an image or of a source in the stack file.

    A whole registry is not: whoever runs a job could then pull each image of an account.
    """
    name = arn.resource.removeprefix("repository/").removesuffix("*")
    if not name:
        return False
    place = f"{arn.account}.dkr.ecr.{arn.region}.amazonaws.com/{name}"
    return any(
        re.fullmatch(rf"{re.escape(place)}([:@].*)?|{re.escape(place)}(?<=/).*", text)
        for text in (ours.given | ours.addresses)
        if ".dkr.ecr." in text
    )


def _shapes(graph: Graph, ours: World) -> dict[str, re.Pattern[str]]:
    zone = given.zone(graph)
    tunings = "|".join(map(re.escape, sorted(beginnings(graph)))) or "(?!)"
    return _compiled(re.escape(f"{zone.name_prefix if zone else ''}{graph.stack}"), tunings, re.escape(ours.region))


@cache
def _compiled(prefix: str, tunings: str, region: str) -> dict[str, re.Pattern[str]]:
    words = {"p": prefix, "t": tunings, "r": region}
    shapes = {service: re.compile(shape.format(**words)) for service, shape in _SHAPES.items()}
    wider = {
        f"{service}condition": re.compile(f"{shape}|{_SHAPES.get(service, '(?!)').format(**words)}")
        for service, shape in _FROM.items()
    }
    return {**shapes, **wider}


_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_IMAGE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/(?P<name>[^:@]+).*")
_BUCKET = re.compile(r"(?:arn:aws[\w-]*:s3:::|s3a?://)(?P<name>[a-z0-9][a-z0-9.-]+)(?:/.*)?")
_HOST = re.compile(
    r"(?:git\+)?(?:https?|ssh|wss?)://(?:[^@/\s]*@)?(?P<name>[\w-]+(?:\.[\w-]+)+)(?:[:/?#].*)?", re.DOTALL
)
_HOST_OF_AWS = re.compile(r"(?:.+\.)?(?:amazonaws\.com(?:\.cn)?|aws\.amazon\.com|cloudfront\.net)|[\d.]+|localhost")
_OF_AWS = re.compile(r"prod-[a-z0-9-]+-starport-layer-bucket|jumpstart-.*|sagemaker-sample-.*")


@whole_stack_rule(
    "world-elsewhere",
    severity="medium",
    says="A program without a stack file that reads from, writes to or tells somebody whom nothing else of it names is "
    "told so.",
    remedy="See whose the place is. Make it in the same program, or name it in a stack file, where it shows in review.",
    mandatory=False,
)
def elsewhere(graph: Graph) -> Found:
    """Buckets, registries, hosts and mail addresses, each once; of a kind that nobody has written down, an ARN, too,
    where the program makes such. Nobody knows what is its own but by what it makes and by its tags; what AWS itself
    keeps is open to all.
    """
    if graph.placement is not None:
        return
    ours, told = world(graph), set[str]()
    bare = {text.casefold() for one in graph.cloud for _, text in said(one)}
    made = {_sort_of(arn) for arn in _answered(graph) if arn.account.isdigit()}
    tags = (one.inputs.get(key, {}) for one in graph.resources for key in ("tags", "defaultTags"))
    owners = {mail.casefold() for each in tags for mail in _MAIL.findall(json.dumps(each, default=str))}
    for resource in graph.cloud:
        for path, text in said(resource):
            for what, name in (*_places_of(text), *_fetched(path, text), *_named_beside(resource, path, text, made)):
                beside = {"tells": owners, "reaches the host": bare}.get(what, frozenset[str]())
                if not (name.casefold() in beside or ours.has(name)) and name not in told:
                    told.add(name)
                    yield resource, f"{what} {name} in {path}, which nothing else of the program makes or names"


def _places_of(text: str) -> Iterator[tuple[str, str]]:
    """The bucket, the registry and the mail addresses that a text names, with a word for what a resource does there."""
    if (bucket := _BUCKET.fullmatch(text)) and not _OF_AWS.fullmatch(bucket["name"]):
        yield "uses the bucket", bucket["name"]
    if (image := _IMAGE.fullmatch(text)) and image["account"] not in _REGISTRIES:
        yield "pulls from the registry", image["name"]
    if (host := _HOST.fullmatch(text)) and not _HOST_OF_AWS.fullmatch(host["name"]):
        yield "reaches the host", host["name"]
    yield from (("tells", mail) for mail in _MAIL.findall(text))


def _fetched(path: str, text: str) -> Iterator[tuple[str, str]]:
    """A model that a container fetches from a hub when it starts, by the words of the images that take one:
    https://huggingface.co/docs/sagemaker/en/inference and https://docs.djl.ai/master/docs/serving/serving/docs/lmi/
    """
    if path.rpartition(".")[2] in ("HF_MODEL_ID", "OPTION_MODEL_ID", "SM_VLLM_MODEL") and _OF_A_HUB.fullmatch(text):
        yield "fetches from a hub the model", text


_OF_A_HUB = re.compile(r"[\w.-]+(?:/[\w.-]+)?")


def _named_beside(resource: Resource, path: str, text: str, made: set[str]) -> Iterator[tuple[str, str]]:
    """An ARN in an input of a kind without a record, of a sort that the program makes. What a document speaks of may be
    what is made later; `inputs-own` judges what the record of a kind calls its own."""
    arn = Arn.read(text) if kind_of(resource.type) is None and "#" not in path else None
    if arn is not None and arn.account.isdigit() and _sort_of(arn) in made:
        yield "names", text


def _sort_of(arn: Arn) -> str:
    """The service, and what it calls a thing of that sort, such as `iam:role`."""
    return f"{arn.service}:{re.split('[/:]', arn.resource, maxsplit=1)[0]}" if re.search("[/:]", arn.resource) else ""


RULES = [account, region, place, elsewhere]
