"""What a person does by hand in an account, done in a sandbox. Each function returns the sentence on what it did.

Each raises BadInput for a word that no cloud takes, and for what a cloud would refuse.
"""

import re
from collections.abc import Container
from functools import cache
from itertools import count

from catalogue import quotas
from catalogue.deployers import ROLES
from catalogue.errors import BadInput
from catalogue.hardware.catalogue import load
from catalogue.kinds import kinds
from catalogue.kinds.aws.sagemaker import PACKAGE_GROUP
from catalogue.kinds.azure.machinelearningservices import MODELS
from catalogue.kinds.azure.storage import CONTAINER
from catalogue.kinds.gcp.storage import BUCKET
from catalogue.platforms import PLATFORMS
from catalogue.registered import DECISIONS, REJECTED, VERSIONS
from catalogue.registries import as_written
from catalogue.services import services_of
from catalogue.wording import nearest
from sandbox import absent, batch, closed, signing_in, training
from sandbox.state import State

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_GOOGLE = ".googleapis.com"
_IMAGE = re.compile(r"[a-z0-9.-]+\.[a-z]{2,}(:\d+)?/[^\s:@]+(:[\w][\w.-]{0,127}|@sha256:[0-9a-f]{64})")
_ARTIFACT = re.compile(r"(s3|gs)://[a-z0-9][a-z0-9._-]+/\S+|azureml://\S*datastores/(?P<datastore>[^/\s]+)/paths/\S+")


def wait(state: State, duration: str) -> str:
    """Move the clock on by a duration such as 90s, 10m, 8h or 2d."""
    found = re.fullmatch(r"(\d{1,6})([smhd])", duration)
    if found is None:
        raise BadInput(f"{duration[:80]!r}: no duration; write 90s, 10m, 8h or 2d")
    state.clock.move(int(found[1]) * _SECONDS[found[2]])
    return f"{duration} have passed in this sandbox"


def enable(state: State, name: str) -> str:
    """Switch on an API of Google Cloud, or a resource provider of Azure, by the cloud's own name."""
    known = _services()
    service = name if name in known or f"{name}{_GOOGLE}" not in known else f"{name}{_GOOGLE}"
    if service not in known:
        raise BadInput(
            f"{name[:80]!r}: no API or resource provider that a kind of the catalogue needs"
            f"{nearest(name, sorted(known))}"
        )
    state.account.enable(service)
    return f"{service} is on"


def have(state: State, region: str) -> str:
    """Let the account have a region that a new one has not."""
    known = sorted({one for platform in PLATFORMS for one in load(platform).regions_on_request})
    if region not in known:
        raise BadInput(f"{region[:80]!r}: no region that a new account of a platform lacks{nearest(region, known)}")
    state.account.have(region)
    return f"the account has {region}"


def grant(state: State, who: str, role: str) -> str:
    """Give whoever deploys a role, by the name that the manual steps say."""
    if who != "deployer":
        raise BadInput(f"{who[:80]!r}: nobody but the deployer is given a role by hand here; write deployer")
    known = [one.role for roles in ROLES.values() for one in roles]
    if role not in known:
        raise BadInput(f"{role[:80]!r}: no role that a deployer is given, allowed: {', '.join(known)}")
    state.account.grant(role)
    return f"the deployer has {role}"


def raise_quota(state: State, name: str, amount: int) -> str:
    """Grant an amount of a quota, which goes by the name in the verdict's manual steps."""
    known = _quotas()
    if name not in known and not re.fullmatch(r"\S+ for (online|async|batch|training)", name):
        raise BadInput(f"{name[:80]!r}: no quota of the catalogue{nearest(name, sorted(known))}")
    if amount < 0:
        raise BadInput(f"{amount}: no amount of a quota; write a whole number from 0 on")
    state.account.raise_quota(name, amount)
    return f"{amount} of {name!r} are granted"


def push(state: State, image: str, digest: str = "", outside: bool = False, elsewhere: bool = False) -> str:
    """Push an image with that digest, from the network of the stack or from the internet.

    Without a digest nobody says what it is, and the sandbox runs it nowhere. Its repository must stand, or somebody
    made it `elsewhere`, outside the stacks of the sandbox.
    """
    if not _IMAGE.fullmatch(image):
        raise BadInput(f"{image[:80]!r}: no address of an image with a tag or digest, such as REGISTRY/scorer:1.4.0")
    _let_in(state, image, outside, elsewhere)
    state.account.push(image, digest)
    return f"{image} is pushed{f', with the digest {digest}' if digest else ''}"


def upload(state: State, uri: str, digest: str = "", outside: bool = False, elsewhere: bool = False) -> str:
    """Upload an artifact with that digest, which is as that of an image, from inside or from the internet.

    Its bucket must stand, or somebody made it `elsewhere`. A datastore of Azure ML shows a blob container, here the one
    of its own name. The container must stand; the datastore may come later.
    """
    found = _ARTIFACT.fullmatch(uri)
    if found is None:
        raise BadInput(
            f"{uri[:80]!r}: no address of an artifact; write s3://BUCKET/KEY, gs://BUCKET/FOLDER/ or "
            "azureml://datastores/NAME/paths/FOLDER/"
        )
    name = found["datastore"]
    standing = state.resources.find(type=CONTAINER) if name else []
    if name and not any(one.id.endswith(f"/containers/{name}") for one in standing):
        raise BadInput(f"{uri[:80]!r}: no container {name} stands here; bring up the ground first")
    _let_in(state, uri, outside, elsewhere)
    state.account.upload(uri, digest)
    return f"{uri} is uploaded"


def register(state: State, version: str, digest: str) -> str:
    """Register a version of a model with the digest of its record: GROUP/NUMBER on aws, GROUP/MODEL/NUMBER on azure.

    SageMaker numbers the versions of a group from 1 on; Azure ML takes any number.
    """
    arn, there = numbered(state, version, digest)
    if not there:
        state.account.register(arn, digest)
    return f"{version} is registered, and waits for the approver"


def numbered(state: State, version: str, digest: str) -> tuple[str, bool]:
    """The ARN or id that a version of this digest has or gets, and whether it is registered already.

    Raises BadInput where it cannot be registered under its number.
    """
    _digest(digest)
    if version.startswith("gs://"):
        raise BadInput(f"{version[:80]!r}: a version is registered there by uploading it; see `sandbox upload`")
    arn, group, number = _version(state, version)
    there = state.account.versions()
    if arn in there and there[arn][1] != digest:
        raise BadInput(
            f"{version}: is registered with the digest {there[arn][1]}; a version never changes; take the next number"
        )
    first = _first(there, group)
    if first < number and group.startswith("arn:"):
        raise BadInput(f"{version}: the next version of the group is {first}, for SageMaker numbers them in order")
    return arn, arn in there


def first_free(state: State, group: str) -> int:
    """The number that the next version of a group on aws gets. Raises BadInput where there is no such group."""
    return _first(state.account.versions(), _version(state, f"{group}/1")[1])


def _first(there: Container[str], group: str) -> int:
    return next(number for number in count(1) if f"{group}/{number}" not in there)


def decide(state: State, version: str, decision: str, digest: str = "") -> str:
    """Let the approver approve or reject a version.

    It is GROUP/NUMBER on aws, GROUP/MODEL/NUMBER on azure and gs://BUCKET/approvals/NAME/NUMBER on gcp. On gcp the
    decision is an object that names the digest of the version's record. Nothing there is replaced. Elsewhere the
    registry has the digest, and one that is given must be the same.
    """
    if version.startswith("gs://"):
        _decide_once(state, version, decision, digest)
        return f"{version} is {decision.lower()}"
    arn, _, _ = _version(state, version)
    there = state.account.versions()
    if arn not in there:
        raise BadInput(f"{version}: no such version is registered; register it first")
    if digest and digest != there[arn][1]:
        raise BadInput(f"{version}: it was registered with the digest {there[arn][1]}, not {digest[:80]}")
    state.account.decide(arn, decision)
    return f"{version} is {decision.lower()}"


def _decide_once(state: State, version: str, decision: str, digest: str) -> None:
    """Write a decision on a version. A rejection stays, and an approval is written once."""
    _digest(digest)
    found = re.fullmatch(rf"gs://(?P<bucket>[^/]+)/{DECISIONS}[a-z0-9]+(-[a-z0-9]+)*/[1-9][0-9]{{0,4}}", version)
    if found is None:
        raise BadInput(f"{version[:80]!r}: no version of a model; write gs://BUCKET/{DECISIONS}NAME/NUMBER")
    buckets = [str(one.inputs.get("name")) for one in state.resources.find(type=BUCKET)]
    if found["bucket"] not in buckets:
        raise BadInput(
            f"{found['bucket']}: no bucket of that name stands here{nearest(found['bucket'], buckets)}; bring up the "
            "ground first"
        )
    before, named = state.account.versions().get(version, ("", digest))
    if before == REJECTED or named != digest:
        # The sentence is assumed: https://cloud.google.com/storage/docs/access-control/iam-json (objects.insert)
        raise BadInput(
            f"{version}: the approver does not have storage.objects.delete access to the Google Cloud Storage object: "
            f"it is {before.lower()} with the digest {named}, and no decision is replaced; decide on another version"
        )
    state.account.register(version, digest)
    state.account.decide(version, decision)


def _digest(said: str) -> None:
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", said):
        raise BadInput(f"{said[:80]!r}: no digest of a record; write sha256: and 64 hexadecimal digits")


def _version(state: State, version: str) -> tuple[str, str, int]:
    """The ARN of a version, that of its group without the number, and the number. Raises BadInput.

    On azure the ids of the version and of its model's versions.
    """
    name, _, number = version.rpartition("/")
    if not re.fullmatch(r"[1-9][0-9]{0,4}", number):
        raise BadInput(
            f"{version[:80]!r}: no version of a model; write GROUP/NUMBER such as aws-full-registry-scorer/1, on azure "
            "GROUP/MODEL/NUMBER such as azure-full/scorer/1"
        )
    if "/" in name:
        models = {
            f"{one.inputs.get('resourceGroupName')}/{one.inputs.get('name')}": one.id
            for one in state.resources.find(type=MODELS)
        }
        registered = [model.removesuffix(VERSIONS) for model in models if model.endswith(VERSIONS)]
        if name not in registered:
            known = nearest(name, registered) if registered else ""
            raise BadInput(
                f"{name}: no model of which versions are approved stands here{known}; bring up the ground first"
            )
        group = f"{models[f'{name}{VERSIONS}']}/versions"
        return f"{group}/{number}", group, int(number)
    groups = {str(one.inputs.get("modelPackageGroupName")): one for one in state.resources.find(type=PACKAGE_GROUP)}
    if name not in groups:
        raise BadInput(
            f"{name}: no group of model packages stands here{nearest(name, groups)}; bring up the ground first"
        )
    group = str(groups[name].outputs["arn"]).replace(":model-package-group/", ":model-package/")
    return f"{group}/{number}", group, int(number)


def empty(state: State, place: str) -> str:
    """Delete what was uploaded or pushed below an address. A store that holds something is not deleted."""
    before = len(state.account.images()) + len(state.account.artifacts())
    state.account.empty(place)
    gone = before - len(state.account.images()) - len(state.account.artifacts())
    if not gone:
        raise BadInput(f"{place[:80]!r}: nothing lies there; `mlplatform sandbox account` shows what does")
    return f"{gone} deleted below {place}"


def purge(state: State, name: str) -> str:
    """Delete for good what was deleted softly, by its name or id. The name is free then."""
    kept = state.resources.deleted()
    found = [one for one in kept if name in (named := one.name.rpartition(" ")[2], named.rpartition("/")[2])]
    if not found:
        names = [one.name.rpartition(" ")[2].rpartition("/")[2] for one in kept]
        raise BadInput(f"{name[:80]!r}: nothing that was deleted softly has that name{nearest(name, names)}")
    for one in found:
        if one.purge is None:
            until = "for ever" if one.until is None else f"for {(one.until - state.clock.now()) / 86_400:.1f} days more"
            raise BadInput(f"{one.name}: nobody can purge it; its name stays taken {until}")
        if one.purge:
            raise BadInput(f"{one.name}: {one.purge}")
        state.resources.purge(one)
    return f"{name} is deleted for good, and its name is free"


def run(state: State, job: str) -> str:
    """Start a run of a batch job, a training job or a pipeline, or an app in the private space of a person.

    Raises RunFailed where a run ended without a model, at a step, or without scores of all its data.
    """
    if job in state.account.spaces():
        state.account.start_app(job)
        return f"an app of {job} runs in their private space"
    record, data = batch.found(state, job)
    if training.trains(record) or training.is_pipeline(record):
        return training.run(state, record)
    from sandbox import scoring  # with the containers of examples/ and a client of HTTP, which no other command needs

    return f"a run of {job} finds its data at {', '.join(map(as_written, data))}; {scoring.run(state, record)}"


def sign_in(state: State, user: str, outside: bool = False) -> str:
    """Open the workspace as a person, from a network that people come from or from the internet."""
    theirs = signing_in.sign_in(state, user, outside)
    size = state.account.spaces().get(user)
    where = f" in a private space with a volume of {size} GB" if size else ""
    return f"{user} has signed in to {theirs.name}, and an app of theirs runs{where}"


def stop_app(state: State, user: str) -> str:
    """Stop the apps of a person."""
    if user not in (running := state.account.apps()):
        raise BadInput(f"{user[:80]!r}: no app of that person runs{nearest(user, running) if running else ''}")
    state.account.stop_app(user)
    kept = "; their private space keeps its volume" if user in state.account.spaces() else ""
    return f"no app of {user} runs any more{kept}"


def delete_space(state: State, user: str) -> str:
    """Delete the private space of a person, once no app of theirs runs in it."""
    if user not in (spaces := state.account.spaces()):
        raise BadInput(
            f"{user[:80]!r}: that person has no private space{nearest(user, list(spaces)) if spaces else ''}"
        )
    if user in state.account.apps():
        # The sentence is assumed; that apps go first is at
        # https://docs.aws.amazon.com/sagemaker/latest/dg/gs-studio-delete-domain.html
        raise BadInput(
            "An error occurred (ResourceInUse) when calling the DeleteSpace operation: the space of "
            f"{user} has apps that run; stop them first"
        )
    state.account.delete_space(user)
    return f"the private space of {user} is deleted, with what lay on its volume"


def _let_in(state: State, address: str, outside: bool, elsewhere: bool) -> None:
    """Raises BadInput where the store at the address does not stand, or is closed to whoever stands there."""
    if not elsewhere and (said := absent.refusal(state, address)):
        raise BadInput(f"{said}; bring up the ground first, or add --elsewhere where no stack of this sandbox makes it")
    if said := closed.refusal(state, address, outside):
        raise BadInput(said)


@cache
def _services() -> frozenset[str]:
    return frozenset(service for platform in PLATFORMS for service in services_of(kinds(platform)))


@cache
def _quotas() -> frozenset[str]:
    return frozenset(name for platform in PLATFORMS for name in quotas.known(platform))
