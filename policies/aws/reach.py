"""On what each persona's calls may be made: what the words of `personas/aws.yaml` stand for in a stack, at its widest.

`personas/aws.py` has an example of each word, for a call; here a grant is held against all that its word may mean. A
grant is within it where every resource that its wildcards may stand for is: a longer name never reaches beyond.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from catalogue import registered
from catalogue.experiments import FOLDER
from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import cloudtrail, ecr, iam, s3, sagemaker, sfn
from catalogue.kinds.aws.jobs import PIPELINE, SCORES, TRAINS, USES, Job
from catalogue.once import once_a_graph
from catalogue.properties import Unreadable
from catalogue.wildcards import pattern
from policies import given
from policies.aws.guarded import arn_of
from policies.aws.promoted import taken
from policies.aws.tuned import beginnings
from policies.personas import table
from policies.world import world

_ANY = "\0"
"""Stands for what a wildcard of a grant may be: no word of a pattern is it, and any wildcard of one has it."""
_ROOM = 500
"""Characters of ARNs above which components name the folders of places in their stead: a role's policies have room for
10,240 in all, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html. The least room that
components/aws/personas.py leaves for places is a little more."""
_FOLDERS: Mapping[str, str] = {
    "own-bucket": "",
    "training-data": "/*",
    "training-output": "/training/*",
    "own-files": "/workspace/*",
    "own-artifacts": "/models/*",
    "own-versions": f"/{registered.FOLDER}*",
    "own-data": "/data/*",
    "async-requests": "/async/input/*",
    "async-answers": "/async/*",
    "captured": "/capture/*",
    "records": f"/{FOLDER}*",
}
"""What a word is in a bucket of the stack's own. Who trains, and people, read all of it."""
_NAMES: Mapping[str, tuple[str, ...]] = {
    "own-logs": (
        "logs:{h}:log-group:/aws/sagemaker/*Jobs:log-stream:{p}-*",
        "logs:{h}:log-group:/aws/sagemaker/Endpoints/{p}-*",
    ),
    "logs": ("logs:{h}:log-group:/aws/sagemaker/*",),
    "endpoints": ("sagemaker:{h}:endpoint/{p}-*",),
    "rollback-alarms": ("cloudwatch:{h}:alarm:{p}-*",),
    "interfaces": ("ec2:{h}:subnet/*", "ec2:{h}:network-interface/*", "ec2:{h}:security-group/*"),
    "state-machines": ("states:{h}:stateMachine:{p}-*",),
    "training-runs": ("states:{h}:execution:{p}-*:*",),
    "watches": ("states:{h}:stateMachine:{p}-*",),
    "transform-jobs": ("sagemaker:{h}:transform-job/{p}-*",),
    "jobs-of-runs": ("sagemaker:{h}:training-job/{p}-*",),
    "training-jobs": tuple(f"sagemaker:{{h}}:{kind}-job/{{p}}-*" for kind in ("training", "processing", "transform")),
    "end-of-jobs": ("events:{h}:rule/StepFunctionsGetEventsForSageMakerTransformJobsRule",),
    "end-of-tuning": ("events:{h}:rule/StepFunctionsGetEventsForSageMakerTuningJobsRule",),
    "end-of-training": ("events:{h}:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule",),
    "experiments": ("sagemaker:{h}:mlflow-app/*",),
    "pipelines": ("sagemaker:{h}:pipeline/{p}-*",),
    "runs-of-pipelines": ("sagemaker:{h}:pipeline/{p}-*/execution/*",),
    "steps-of-runs": ("sagemaker:{h}:processing-job/{p}-*",),
    "versions": ("sagemaker:{h}:model-package/{p}-*", "sagemaker:{h}:model-package-group/{p}-*"),
    "own-images": ("ecr:{h}:repository/*",),
    "images": ("ecr:*",),
    "domain": tuple(
        f"sagemaker:{{h}}:{what}"
        for what in (
            "domain/${{sagemaker:DomainId}}",
            "app/${{sagemaker:DomainId}}/*",
            "space/${{sagemaker:DomainId}}/*",
            "user-profile/${{sagemaker:DomainId}}/*",
            "user-profile/*/${{aws:SourceIdentity}}",
        )
    ),
}
"""What a word is by its name. {h} is the region and the account, {p} how the stack's names begin. Which subnets and
which images are the stack's is said by world-place, whose a profile or a space is by identity-own-profile."""
_LIKE = {
    **dict.fromkeys(("online-endpoints", "async-endpoints", "named-models"), "endpoints"),
    **dict.fromkeys(("own-profile", "own-space", "own-app", "own-profile-app"), "domain"),
    **dict.fromkeys(("data-key-of-runs", "data-key-of-schedules"), "data-key"),
    "package-groups": "versions",
    **dict.fromkeys(("plain-machines", "tuning-machines"), "training-machines"),
    "training-images": "images",
    "trainings-of-runs": "jobs-of-runs",
    "transforms-of-steps": "transform-jobs",
    "tunings-of-steps": "tunings-of-runs",
    "logs-of-steps": "logs-of-trials",
}
"""The words that mean what another means."""
_LISTED = {
    **dict.fromkeys(("batch-input-folders", "batch-step-folders"), ("batch-input", "batch-steps")),
    "candidate-folders": ("candidates",),
    "model-folders": ("served-folders",),
    "data-of-runs-folders": ("data-of-runs", "trained"),
}
"""The buckets of which a role lists what lies below the places of other words, and nothing else."""


@dataclass(frozen=True)
class Reach:
    """All that a word may mean: ARNs as a statement writes them, and patterns of ARNs."""

    named: frozenset[str] = frozenset()
    wide: tuple[re.Pattern[str], ...] = ()

    def holds(self, arn: str) -> bool:
        """Whether all that an ARN may stand for is within it."""
        if arn in self.named or any(f"{arn[: at.start()]}/*" in self.named for at in re.finditer("/", arn)):
            return True
        text = arn.replace("*", _ANY).replace("?", _ANY)
        return any(one.fullmatch(text) for one in self.wide) or self._folds(arn)

    def _folds(self, arn: str) -> bool:
        """Whether it is a folder in a bucket that stands for several places, for want of room to name each."""
        folder = arn.removesuffix("*")
        inside = folder.endswith("/") and folder.count("/") > 1 and not set("*?") & set(folder)
        if not inside or sum(map(len, self.named)) < _ROOM:
            return False
        return sum(1 for one in self.named if one.startswith(folder)) > 1


class Granted(NamedTuple):
    """What a statement allows, as it is written: actions on resources, and the prefixes to which it binds a list."""

    name: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    prefixes: tuple[str, ...]


def beyond(graph: Graph, persona: str, statement: Granted) -> Sequence[tuple[str, str]]:
    """Each action of a statement, with a resource on which no task of the persona takes it. Without a persona, all
    personas' tasks count. Nothing is said of an action that is in no task at all: that is said of the action."""
    return _beyond(_reaches(graph), persona, statement)


_NAMED_EACH = ("logs-of-trials", "tunings-of-runs")
"""The words of `_reaches` that are names, too, and no places of files."""


def lacks(graph: Graph, word: str, resources: Collection[str]) -> bool:
    """Whether none of these resources is what a word means. Of names alone: a stack may have no place of a word."""
    meant = _LIKE.get(word, word)
    if meant not in _NAMES and meant not in _NAMED_EACH:
        return False
    reach = _reaches(graph).of[meant]
    return not any(one == "*" or reach.holds(one) for one in resources)


@lru_cache(maxsize=4096)
def _beyond(reaches: "_Reaches", persona: str, statement: Granted) -> Sequence[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for action in statement.actions:
        words = _words(persona).get(action.lower(), frozenset())
        for arn in statement.resources if words else ():
            listed = any(_lists(reaches, word, arn, statement.prefixes) for word in words & _LISTED.keys())
            if not listed and not any(reaches.of[word].holds(arn) for word in words - _LISTED.keys()):
                found.append((action, arn))
    return tuple(found)


@cache
def _words(persona: str) -> Mapping[str, frozenset[str]]:
    """On what a persona makes each of its calls, by the action in lower case."""
    found: dict[str, set[str]] = {}
    for task in table("aws").tasks:
        takes = task.who | task.also
        if "deployer" not in takes and (persona in takes if persona else takes):
            for calls in task.calls:
                for do in calls.do:
                    found.setdefault(do.lower(), set()).add(_LIKE.get(calls.at, calls.at))
    # Who writes an object in parts ends what it began: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
    found.setdefault("s3:abortmultipartupload", set()).update(found.get("s3:putobject", ()))
    return {action: frozenset(words) for action, words in found.items()}


def _lists(reaches: "_Reaches", word: str, bucket: str, prefixes: Collection[str]) -> bool:
    """Whether a list of a bucket is bound to the places that it is for."""
    within = [reaches.of[one] for one in _LISTED[word]]
    places = [f"{bucket}/{prefix}" for prefix in prefixes]
    return bool(places) and all(
        any(one.holds(place) or place.removesuffix("*") in one.named for one in within) for place in places
    )


class _Facts(NamedTuple):
    """All of a stack that the words hang on: `here` is the region and the account, `prefix` how the names begin."""

    here: str
    prefix: str
    buckets: frozenset[str]
    keys: frozenset[str]
    training: frozenset[str]
    serving: frozenset[str]
    machines: frozenset[str]
    tunings: frozenset[str]
    uris: tuple[tuple[str, frozenset[str]], ...]
    taken: tuple[tuple[str, frozenset[str]], ...]


@dataclass(frozen=True, eq=False)
class _Reaches:
    """What each word means in a stack. The same facts have the same one, which an answer can be kept by."""

    of: Mapping[str, Reach]


@once_a_graph
def _reaches(graph: Graph) -> _Reaches:
    """What each word means in a stack."""
    ours, zone = world(graph), given.zone(graph)
    recorded = {trail.props.text_if_known("s3BucketName") for trail in graph.of(cloudtrail.TRAIL)}
    own = {bucket.props.text_if_known("bucket") for bucket in graph.of(s3.BUCKET)} - recorded - {""}
    keys = {
        key
        for one in graph.of(ecr.REPOSITORY)
        for key in one.props.each_text_if_known("encryptionConfigurations.kmsKey")
    }
    keys |= {source.key for source in graph.placement.sources if source.key} if graph.placement else set()
    training, serving = (
        frozenset(
            arn_of(graph, role) for role in graph.of(iam.ROLE) if role.props.text_if_known("name").endswith(f"-{of}")
        )
        for of in ("training", "serving")
    )
    here, prefix = f"{ours.region}:{ours.account}", f"{zone.name_prefix if zone else ''}{graph.stack}"
    scoring, uris = _jobs(graph)
    named = (frozenset(own), frozenset(keys), training, serving, frozenset(scoring), beginnings(graph))
    return _meant(_Facts(here, prefix, *named, tuple(uris), tuple(taken(graph).items())))


@lru_cache(maxsize=8)
def _meant(facts: _Facts) -> _Reaches:
    words = {"h": facts.here, "p": facts.prefix}
    found = {
        word: Reach(wide=tuple(pattern(f"arn:aws:{one.format(**words)}") for one in s)) for word, s in _NAMES.items()
    }
    for word, folder in _FOLDERS.items():
        found[word] = Reach(wide=tuple(pattern(f"arn:aws:s3:::{bucket}{folder}") for bucket in sorted(facts.buckets)))
    others = rf"(?!({'|'.join(map(re.escape, sorted(facts.machines))) or '-'})$){re.escape(facts.prefix)}-[\w-]+"
    return _Reaches(
        {
            **found,
            "anything": Reach(frozenset({"*"})),
            "data-key": Reach(facts.keys),
            "training-role": Reach(facts.training),
            "serving-role": Reach(facts.serving),
            "tunings-of-runs": _each(facts, "sagemaker:{h}:hyper-parameter-tuning-job/{one}-*"),
            "logs-of-trials": _each(facts, "logs:{h}:log-group:/aws/sagemaker/TrainingJobs:log-stream:{one}-*"),
            "training-machines": Reach(wide=(re.compile(rf"arn:aws:states:{facts.here}:stateMachine:{others}"),)),
            **{word: _of(uris) for word, uris in facts.uris},
            **{word: Reach(arns) for word, arns in facts.taken},
        }
    )


def _each(facts: _Facts, arn: str) -> Reach:
    """The ARN of each tuning job, by how its name begins."""
    return Reach(frozenset(f"arn:aws:{arn.format(h=facts.here, one=one)}" for one in facts.tunings))


def _jobs(graph: Graph) -> tuple[set[str], list[tuple[str, frozenset[str]]]]:
    """The machines that score, and by word what jobs and models read and write. A place in the stack file that none of
    the graph has is of what is switched off, which may read it and write it. What runs of pipelines leave are
    candidates, in a stack that serves a version of the registry."""
    read: dict[str, set[str]] = {SCORES: set(), TRAINS: set()}
    written: dict[str, set[str]] = {SCORES: set(), TRAINS: set()}
    scoring, left, in_steps = set[str](), set[str](), set[str]()
    for machine in graph.of(*sfn.DEFINED):
        for job in known_jobs(graph, machine):
            if job.action == SCORES:
                scoring.add(machine.props.text_if_known("name"))
            does = TRAINS if USES[job.action] == "training" else job.action
            read.setdefault(does, set()).update(job.data())
            outputs = {*job.written()}
            in_steps |= outputs if machine.type == PIPELINE and job.action == SCORES else set[str]()
            left |= outputs if machine.type == PIPELINE else set[str]()
            outputs.add(job.request.text_if_known("CheckpointConfig.S3Uri"))
            written.setdefault(does, set()).update(outputs - {""})
    artifacts = sagemaker.artifacts_of(graph)
    folders = {uri for model in graph.of(sagemaker.MODEL) for uri in sagemaker.folders(model)}
    said = {one for one in (graph.placement.addresses if graph.placement else ()) if one.startswith("s3://")}
    off = said - artifacts - set[str]().union(*read.values(), *written.values())
    candidates = left | off if graph.placement and graph.placement.versions else set[str]()
    return scoring, [
        ("artifacts", frozenset(_versions(artifacts | {uri for uri in off if not uri.endswith("/")}))),
        ("batch-input", frozenset(read[SCORES] | off)),
        ("batch-output", frozenset(written[SCORES] | off)),
        ("batch-steps", frozenset(in_steps - {""} | off)),
        ("candidates", frozenset(candidates - {""})),
        ("data-of-runs", frozenset(read[TRAINS] | off)),
        ("served-folders", frozenset(folders | {uri for uri in off if uri.endswith("/")})),
        ("trained", frozenset(written[TRAINS] | off)),
    ]


def known_jobs(graph: Graph, machine: Resource) -> list[Job]:
    """The jobs of a definition that is known and can be read; other rules say so where it cannot."""
    try:
        return sfn.jobs_of(graph, machine) if machine.props.text_if_known(sfn.DEFINED[machine.type]) else []
    except Unreadable:
        return []


def _of(uris: Iterable[str]) -> Reach:
    return Reach(
        frozenset(f"arn:aws:s3:::{uri.removeprefix('s3://')}{'*' if uri.endswith('/') else ''}" for uri in uris)
    )


def _versions(uris: Iterable[str]) -> Iterator[str]:
    """The folders of all versions of each artifact: a version that is rolled back to is fetched again.

    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
    """
    for uri in uris:
        bucket, *parents, _ = uri.removeprefix("s3://").rstrip("/").split("/")
        above = parents[:-1] or parents
        yield f"s3://{'/'.join([bucket, *above])}/" if above else uri
