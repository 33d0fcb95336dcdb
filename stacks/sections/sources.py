"""The places of others that a stack reads, pulls or writes: registries and buckets, with who lets the stack in."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from catalogue.landing_zones import AWS_KEY
from catalogue.platforms import PLATFORMS
from catalogue.wording import found_word
from stacks.checks import one_by_one
from stacks.fields import ACCOUNT, Fields
from stacks.model import Path, Problem, Section, StackConfig

BUCKETS = {"aws": r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "gcp": r"gs://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]"}
"""How a bucket is named on a platform. Azure has none: a stack there reads its own datastore alone."""
FORMS = {
    "aws": "a registry such as 444455556666.dkr.ecr.us-east-1.amazonaws.com, or a bucket such as s3://claims-data",
    "gcp": "a registry such as us-central1-docker.pkg.dev/shared-images, or a bucket such as gs://claims-data",
    "azure": "a registry such as sharedml.azurecr.io",
}

Name = Annotated[str, StringConstraints(max_length=255)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Id = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class Source(Fields):
    """Whose a place is, and who lets the stack in. The stack makes nothing there."""

    account: Annotated[str, StringConstraints(pattern=ACCOUNT)] = Field(
        examples=["444455556666", "shared-images", "44445555-3333-4444-5555-666677778888"]
    )
    """The account that the place is of, as the stack's own is written."""
    granted_by: Text = Field(examples=["ml-platform@example.com, change 4711"])
    """Who lets the stack's identities in, and where that is written; the verdict names it as a step before `up`."""
    key: Text | None = Field(
        default=None, examples=["arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
    )
    """The KMS key of a bucket on aws, with which whoever reads it must decrypt; left out where S3 keeps the key."""
    registry_id: Id | None = Field(
        default=None,
        examples=[
            "/subscriptions/44445555-3333-4444-5555-666677778888/resourceGroups/shared/providers/"
            "Microsoft.ContainerRegistry/registries/sharedml"
        ],
    )
    """The id of a registry on azure, to which the workspace's network gets a private endpoint; needed on azure."""


def _bucket(uri: str) -> str:
    """The bucket that a place lies in, as `sources` names one."""
    return "/".join(uri.split("/")[:3])


def keys_of(config: StackConfig, uris: Iterable[str]) -> list[str]:
    """The keys of the buckets of others that these places lie in, each once."""
    found = (of(config).get(_bucket(uri)) for uri in uris)
    return list(dict.fromkeys(source.key for source in found if source is not None and source.key))


def in_other_accounts(config: StackConfig, uris: Iterable[str]) -> list[str]:
    """Those of the places that lie in a bucket of another account."""
    found = ((uri, of(config).get(_bucket(uri))) for uri in uris)
    return [uri for uri, source in found if source is not None and source.account != config.account]


def kept_by_us(config: StackConfig, path: Path, uri: str) -> Iterator[Problem]:
    """The stack decides how long files of the folder stay: it lies in the bucket of nobody else."""
    bucket = _bucket(uri)
    if bucket in of(config):
        yield Problem(
            path, f"found days for {found_word(bucket)}, whose owner decides how long files stay; leave it out"
        )


def _keys(config: StackConfig) -> Iterator[Problem]:
    """A key is one of a bucket on aws, of the stack's own account and region.

    Elsewhere whoever reads a bucket needs no right to its key. The permissions boundary lets no persona use a key of
    another account, and S3 takes a key of the bucket's region alone:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    """
    for name, source in of(config).items():
        if source.key is None:
            continue
        path = (SECTION.name, name, "key")
        if config.platform != "aws" or not re.fullmatch(BUCKETS["aws"], name):
            yield Problem(path, "is taken by a bucket on aws alone; leave it out")
        elif not re.fullmatch(AWS_KEY, source.key) or source.key.split(":")[3:5] != [config.region, config.account]:
            sentence = (
                f"found {found_word(source.key)}, allowed: the ARN of a KMS key of the stack's account and region"
            )
            yield Problem(path, sentence)


def _ids(config: StackConfig) -> Iterator[Problem]:
    """The managed network of a workspace leads to no registry of others but by a private endpoint, which is made by the
    registry's id: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-managed-network (Private endpoints).
    """
    for name, source in of(config).items():
        path, registry = (SECTION.name, name, "registry_id"), name.partition(".")[0]
        if config.platform != "azure":
            if source.registry_id is not None:
                yield Problem(path, "is taken by a registry on azure alone; leave it out")
            continue
        wanted = rf"/subscriptions/{re.escape(source.account)}/resourceGroups/[^/]+/providers/{_REGISTRIES}/{registry}"
        if source.registry_id is None or not re.fullmatch(wanted, source.registry_id, re.IGNORECASE):
            told = (
                "is missing"
                if source.registry_id is None
                else f"found {found_word(source.registry_id)}, which is not {name}'s"
            )
            said = f"/subscriptions/{source.account}/resourceGroups/GROUP/providers/{_REGISTRIES}/{registry}"
            yield Problem(path, f"{told}; allowed: {said}, with its resource group")


_REGISTRIES = "Microsoft.ContainerRegistry/registries"


def _names(config: StackConfig) -> Iterator[Problem]:
    """Each name is a place of the platform's, of the account that the entry says."""
    record, bucket = PLATFORMS[config.platform], BUCKETS.get(config.platform, "")
    for name, source in of(config).items():
        registry = re.fullmatch(record.registry, f"{name}/image")
        if registry is None and not (bucket and re.fullmatch(bucket, name)):
            yield Problem((SECTION.name, name), f"is no place of others, allowed: {FORMS[config.platform]}")
            continue
        if not re.fullmatch(record.account.pattern or "", source.account):
            sentence = f"found {found_word(source.account)}, allowed: {record.account.words}"
            yield Problem((SECTION.name, name, "account"), sentence)
            continue
        owner = registry.groupdict().get("owner") if registry else None
        if owner is not None and owner != source.account:
            yield Problem((SECTION.name, name, "account"), f"found {source.account!r}, and the name says {owner!r}")
        if registry is None and config.platform == "aws" and source.account != config.account:
            yield Problem(
                (SECTION.name, name, "account"),
                f"found {source.account!r}, and the stack's is {config.account!r}: the permissions boundary lets no "
                "persona read or write a bucket of another account, so copy what it needs into the stack's own",
            )


SECTION: Section[Mapping[str, Source]] = Section(
    __name__,
    value=Annotated[
        dict[Name, Source],
        Field(
            max_length=100,
            description="Registries and buckets of others that the stack pulls from or writes to, with who lets it in. "
            "A registry of another account is a finding without its entry, and so is a bucket written to.",
            examples=[
                {
                    "444455556666.dkr.ecr.us-east-1.amazonaws.com": {
                        "account": "444455556666",
                        "granted_by": "ml-platform@example.com, change 4711",
                    }
                }
            ],
        ),
    ],
    called="images and buckets of other accounts",
    default={},
    in_ground=True,
    check=one_by_one(_names, _keys, _ids),
)
of = SECTION.of
