"""What the publisher of a stack does in a sandbox: registers a candidate, or copies a version of another stack.

A sandbox holds several accounts: each resource is of the account of the provider that made it. So what lets the
publisher in is read in the state, as the cloud would read it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from catalogue.errors import BadInput
from catalogue.iam import allows, principals, statements
from catalogue.kinds.aws import ecr, iam, kms, s3, sagemaker
from catalogue.kinds.azure import IDENTITY, containerregistry
from catalogue.kinds.azure import storage as azure_storage
from catalogue.kinds.azure.authorization import ROLE_ASSIGNMENT
from catalogue.kinds.azure.machinelearningservices import MODELS, WORKSPACE
from catalogue.kinds.gcp import artifactregistry, serviceaccount, storage
from catalogue.properties import Properties
from catalogue.registered import APPROVED, IMAGES, VERSIONS, Registered, artifacts_of, registry_of
from sandbox import byhand
from sandbox.state import State
from sandbox.state.records import Record


@dataclass(frozen=True)
class Candidate:
    """A version that is to be registered: how the registry calls it, the digest of its record, its image with the
    digest that the record has of it, and what goes to each address, by its digest; the record last."""

    called: str
    digest: str
    image: str
    image_digest: str
    files: Mapping[str, tuple[str, Path]]


def registered(state: State, one: Candidate) -> bool:
    """Whether the registry has the candidate already. Raises BadInput where it would not take it."""
    account = state.account
    if one.called.startswith("gs://"):
        there = account.digest(list(one.files)[-1]) == one.digest
    else:
        _, there = byhand.numbered(state, one.called, one.digest)
    for address, (digest, _) in one.files.items():
        if (lies := account.digest(address)) not in ("", digest):
            raise BadInput(f"{address}: something else lies there ({lies}), and nothing there is written over")
    has = account.digest(one.image) if account.has_image(one.image) else None
    if has not in (one.image_digest, None, *([""] if account.in_use else [])):
        raise BadInput(f"{one.image}: is {has or 'an image that nobody named'}, and the record has {one.image_digest}")
    if has is None and _alike(state, one) is None:
        raise BadInput(
            f"{one.image}: the registry has no image of {one.image_digest}; `mlplatform sandbox push` it first, with "
            "the Dockerfile that it is built from"
        )
    return there


def register(state: State, one: Candidate) -> Iterator[str]:
    """Bring a candidate into the registry, and say each thing that was done. It waits for the approver there.

    Raises BadInput where the registry does not take it.
    """
    registered(state, one)
    account = state.account
    if not account.has_image(one.image):
        yield byhand.push(state, one.image, one.image_digest)
    for address, (digest, content) in one.files.items():
        if account.digest(address) != digest:
            said = byhand.upload(state, address, digest)
            state.content.keep(digest, content)
            yield said
    if not one.called.startswith("gs://"):
        yield byhand.register(state, one.called, one.digest)


def _alike(state: State, one: Candidate) -> str | None:
    """The address of an image of that digest in the same repository, which may get one more tag."""
    repository = one.image.rpartition(":")[0]
    alike = (each for each in state.account.images() if re.sub(r"(@[^@]+|:[^:/]+)$", "", each) == repository)
    return next((each for each in alike if state.account.digest(each) == one.image_digest), None)


@dataclass(frozen=True)
class _Way:
    """One version on its way: how each registry calls it, where its files and its image lie, and who copies it.

    `lets_in` are what must let the publisher in, each with the reason that a cloud gives where it does not.
    """

    called: str
    next_called: str
    files: tuple[str, str]
    images: tuple[str, str]
    publisher: str
    lets_in: dict[str, bool]


def promote(state: State, version: str, stack: str) -> str:
    """Copy a version to the registry of another stack of the sandbox, by its digest. It waits for the approver there.

    Raises BadInput for a version that is not approved, and where the publisher of the next stack is not let in.
    """
    way = _way(state, version, stack)
    status, digest = state.account.versions().get(way.called, ("not decided on", ""))
    if status != APPROVED:
        raise BadInput(f"{version}: is not approved ({status}); the approver decides first")
    for what, let in way.lets_in.items():
        if not let:
            raise BadInput(
                f"AccessDenied: {way.publisher} is not authorized by {what}; name it under registry, gives_to, in the "
                "stack file of the version, and bring that stack up"
            )
    account = state.account
    for address in account.artifacts():
        if address.startswith(way.files[0]):
            account.upload(way.files[1] + address.removeprefix(way.files[0]), account.digest(address))
    if way.images[0] in account.images():
        account.push(way.images[1], account.digest(way.images[0]))
    if not way.next_called.startswith("gs://"):
        return byhand.register(state, way.next_called, digest)
    return f"{way.next_called} is uploaded with the digest {digest}, and waits for the approver"


def _way(state: State, version: str, stack: str) -> _Way:
    if version.startswith("gs://"):
        return _gcp(state, version, stack)
    return _azure(state, version, stack) if version.count("/") == 2 else _aws(state, version, stack)


def _one(found: list[Record], what: str) -> Record:
    if not found:
        raise BadInput(f"{what} stands here; bring up the ground first")
    return found[0]


def _aws(state: State, version: str, stack: str) -> _Way:
    group, _, number = version.partition("/")
    standing = _one(
        [one for one in state.resources.find(type=sagemaker.PACKAGE_GROUP) if one.name.endswith(group)],
        f"{group}: no group of model packages",
    )
    repositories = {str(one.inputs["name"]): one for one in state.resources.find(type=ecr.REPOSITORY)}
    own = next(name for name in repositories if group.startswith(f"{name.removesuffix(IMAGES)}-"))
    source = own.removesuffix(registry_of("") + IMAGES)
    name = group.removeprefix(f"{registry_of(source)}-")
    role = _one(
        [one for one in state.resources.find(type=iam.ROLE) if one.inputs.get("name") == f"{stack}-publisher"],
        f"{stack}: no publisher",
    )
    taken, arn = byhand.first_free(state, f"{registry_of(stack)}-{name}"), str(role.outputs["arn"])
    old, new = Registered(name, int(number)), Registered(name, taken)
    bucket = artifacts_of(source, standing.account)
    documents = {
        f"the policy of the bucket {bucket}": (s3.BUCKET_POLICY, "policy", "s3:GetObject"),
        "the policy of its key": (kms.KEY, "policy", "kms:Decrypt"),
        f"the policy of the repository {own}": (ecr.REPOSITORY_POLICY, "policy", "ecr:BatchGetImage"),
        f"the policy of the group {group}": (
            sagemaker.PACKAGE_GROUP_POLICY,
            "resourcePolicy",
            "sagemaker:DescribeModelPackage",
        ),
    }
    lets = {
        what: any(_lets(one, path, arn, action) for one in state.resources.find(type=type_, account=standing.account))
        for what, (type_, path, action) in documents.items()
    }
    images = [
        f"{repositories[each].outputs['repositoryUrl']}:{one.tag}"
        for each, one in ((own, old), (f"{registry_of(stack)}{IMAGES}", new))
    ]
    called = str(standing.outputs["arn"]).replace(":model-package-group/", ":model-package/")
    return _Way(
        f"{called}/{number}",
        f"{registry_of(stack)}-{name}/{taken}",
        (f"s3://{bucket}/{old.folder}", f"s3://{artifacts_of(stack, role.account)}/{new.folder}"),
        (images[0], images[1]),
        arn,
        lets,
    )


def _lets(record: Record, path: str, arn: str, action: str) -> bool:
    """Whether a document of a resource lets a role do something."""
    return any(
        allows(one) and arn in principals(one).get("AWS", ()) and action in one.each_text("Action")
        for one in statements(Properties(record.inputs, ""), path)
    )


def _gcp(state: State, version: str, stack: str) -> _Way:
    found = re.fullmatch(r"gs://(?P<bucket>[^/]+)/approvals/(?P<name>[a-z0-9-]+)/(?P<number>\d+)", version)
    if found is None:
        raise BadInput(f"{version[:80]!r}: no version of a model; write gs://BUCKET/approvals/NAME/NUMBER")
    publisher = _one(
        [
            one
            for one in state.resources.find(type=serviceaccount.ACCOUNT)
            if str(one.inputs.get("displayName")) == f"{stack} publisher"
        ],
        f"{stack}: no publisher",
    )
    source, project = found["bucket"].split("-approvals-")
    member = f"serviceAccount:{publisher.outputs['email']}"
    on_buckets = [one.inputs for one in state.resources.find(type=storage.BUCKET_MEMBER)]
    on_images = [one.inputs for one in state.resources.find(type=artifactregistry.REPOSITORY_MEMBER)]
    files = artifacts_of(source, project)
    lets = {
        f"a grant on gs://{bucket}": any(
            one["bucket"] == bucket and one["member"] == member and one["role"] == "roles/storage.objectViewer"
            for one in on_buckets
        )
        for bucket in (files, found["bucket"])
    }
    lets["a grant on the images"] = any(
        one["project"] == project and one["member"] == member and one["role"] == "roles/artifactregistry.reader"
        for one in on_images
    )
    model = Registered(found["name"], int(found["number"]))
    host = {
        str(one.inputs.get("project")): f"{one.inputs['location']}-docker.pkg.dev"
        for one in state.resources.find(type=artifactregistry.REPOSITORY)
    }
    images = [
        model.image(f"{host.get(where, '')}/{where}/{registry_of(whose)}{IMAGES}")
        for whose, where in ((source, project), (stack, publisher.account))
    ]
    return _Way(
        version,
        f"gs://{stack}-approvals-{publisher.account}/approvals/{model.name}/{model.version}",
        (f"gs://{files}/{model.folder}", f"gs://{artifacts_of(stack, publisher.account)}/{model.folder}"),
        (images[0], images[1]),
        member,
        lets,
    )


def _azure(state: State, version: str, stack: str) -> _Way:
    group, name, number = version.split("/")
    publisher = _one(
        [
            one
            for one in state.resources.find(type=IDENTITY)
            if one.inputs.get("resourceGroupName") == stack and f"{stack}-identity-publisher" in one.urn
        ],
        f"{stack}: no publisher",
    )
    model = _one(
        [
            one
            for one in state.resources.find(type=MODELS)
            if one.inputs.get("resourceGroupName") == group and one.inputs.get("name") == f"{name}{VERSIONS}"
        ],
        f"{group}: no model {name}{VERSIONS}",
    )
    principal = str(publisher.outputs["principalId"])
    given = {
        str(one.inputs["scope"])
        for one in state.resources.find(type=ROLE_ASSIGNMENT)
        if one.inputs.get("principalId") == principal
    }
    kinds = {
        "a role on the workspace": WORKSPACE,
        "a role on the container of artifacts": azure_storage.CONTAINER,
        "a role on the registry of images": containerregistry.REGISTRY,
    }
    lets = {what: bool(given & {one.id for one in _in_group(state, type_, group)}) for what, type_ in kinds.items()}
    old = Registered(name, int(number))
    hosts = [
        str(
            _one(list(_in_group(state, containerregistry.REGISTRY, each)), f"{each}: no registry").outputs[
                "loginServer"
            ]
        )
        for each in (group, stack)
    ]
    where = "azureml://subscriptions/{}/resourceGroups/{}/"
    return _Way(
        f"{model.id}/versions/{number}",
        f"{stack}/{name}/{number}",
        (where.format(model.account, group) + old.folder, where.format(publisher.account, stack) + old.folder),
        (f"{hosts[0]}/registry:{old.tag}", f"{hosts[1]}/registry:{old.tag}"),
        f"{stack}-identity-publisher",
        lets,
    )


def _in_group(state: State, type_: str, group: str) -> Iterator[Record]:
    return (one for one in state.resources.find(type=type_) if f"/resourceGroups/{group}/" in one.id)
