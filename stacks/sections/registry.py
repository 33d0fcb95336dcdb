"""The registries of other stacks: to which of them this one's versions go, and from which versions come to it.

A version goes from stack to stack, such as from dev to test to prod, by `mlplatform promote NAME@N FROM TO`. The
publisher of the stack that takes it reads it where it lies, and registers it anew in its own registry.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from catalogue.landing_zones import AWS_KEY
from catalogue.platforms import PLATFORMS
from catalogue.wording import found_word
from stacks.checks import one_by_one
from stacks.fields import ACCOUNT, SLUG, Fields
from stacks.model import Problem, Section, StackConfig
from stacks.sections import models
from stacks.sections.sources import Text

PUBLISHERS = {
    "aws": (
        r"arn:aws:iam::(?P<account>[0-9]{12}):role/([\w+=,.@-]+/)*[\w+=,.@-]{1,64}",
        "the ARN of a role such as arn:aws:iam::444455556666:role/aws-test-publisher",
    ),
    "gcp": (
        r"[a-z][a-z0-9-]{4,28}[a-z0-9]@(?P<account>[a-z][a-z0-9-]{4,28}[a-z0-9])\.iam\.gserviceaccount\.com",
        "the address of a service account such as gcp-test-publisher@payments-risk-test.iam.gserviceaccount.com",
    ),
    "azure": (
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        "the object id of an identity in Entra ID such as 0a1b2c3d-0000-4000-8000-00000000000c",
    ),
}
"""How each platform names the publisher of another stack, and the form in words.

Azure's id says no subscription: a managed identity is one of the directory.
"""
Stack = Annotated[str, StringConstraints(pattern=SLUG, max_length=40)]


class Receiver(Fields):
    """A stack that versions of this one go to, and who of it may read them."""

    account: Annotated[str, StringConstraints(pattern=ACCOUNT)] = Field(
        examples=["444455556666", "payments-risk-test", "44445555-3333-4444-5555-666677778888"]
    )
    """The account that the other stack is in, as the stack's own is written."""
    publisher: Annotated[str, StringConstraints(max_length=600)] = Field(
        examples=[
            "arn:aws:iam::444455556666:role/aws-test-publisher",
            "gcp-test-publisher@payments-risk-test.iam.gserviceaccount.com",
            "0a1b2c3d-0000-4000-8000-00000000000c",
        ]
    )
    """The identity of the other stack's publisher, which alone may read versions here, and may write nothing. It must
    stand before."""


class Origin(Fields):
    """A stack that versions come from, and who lets this one's publisher read them."""

    account: Annotated[str, StringConstraints(pattern=ACCOUNT)] = Field(
        examples=["111122223333", "payments-risk-dev", "11112222-3333-4444-5555-666677778888"]
    )
    """The account that the other stack is in, as the stack's own is written."""
    granted_by: Text = Field(examples=["payments-risk@example.com, change 4711"])
    """Who names this stack's publisher in the other stack's file, and where that is written."""
    key: Annotated[str, StringConstraints(max_length=300)] | None = Field(
        default=None, examples=["arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
    )
    """The KMS key of the other stack's data, which aws alone takes and needs; elsewhere its store decrypts."""


class Registry(Fields):
    """With which stacks versions are shared. The name of each is what its resources' names in the cloud begin with."""

    gives_to: dict[Stack, Receiver] = Field(
        default_factory=dict[str, Receiver],
        max_length=10,
        examples=[
            {
                "aws-test": {
                    "account": "444455556666",
                    "publisher": "arn:aws:iam::444455556666:role/aws-test-publisher",
                }
            }
        ],
    )
    """The stacks that versions go to, by name."""
    takes_from: dict[Stack, Origin] = Field(
        default_factory=dict[str, Origin],
        max_length=10,
        examples=[
            {
                "aws-dev": {
                    "account": "111122223333",
                    "granted_by": "payments-risk@example.com, change 4711",
                    "key": "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                }
            }
        ],
    )
    """The stacks that versions come from, by name."""


def _some(config: StackConfig) -> Iterator[Problem]:
    """Only a stack that has registered versions has what is given, or a place for what is taken."""
    shared = of(config)
    for key in ("gives_to", "takes_from"):
        if getattr(shared, key) and not models.registered(config):
            yield Problem(
                (SECTION.name, key),
                "is said, and no model of the stack file is a version of the registry; name one under models by "
                "registered, version and digest, or leave this out",
            )


def _accounts(config: StackConfig) -> Iterator[Problem]:
    form = PLATFORMS[config.platform].account
    shared = of(config)
    named = [(("gives_to", name), one.account) for name, one in shared.gives_to.items()]
    named += [(("takes_from", name), one.account) for name, one in shared.takes_from.items()]
    for path, account in named:
        if not re.fullmatch(form.pattern or "", account):
            found = f"found {found_word(account)}, allowed: {form.words}"
            yield Problem((SECTION.name, *path, "account"), found)


def _publishers(config: StackConfig) -> Iterator[Problem]:
    """The publisher is one identity of the account that is named: no account as a whole, and no pattern of names."""
    pattern, words = PUBLISHERS[config.platform]
    for name, one in of(config).gives_to.items():
        path, found = (SECTION.name, "gives_to", name, "publisher"), re.fullmatch(pattern, one.publisher)
        if found is None:
            yield Problem(path, f"found {found_word(one.publisher)}, allowed: {words}")
        elif (account := found.groupdict().get("account", one.account)) != one.account:
            yield Problem(path, f"found one of {found_word(account)}, and account says {found_word(one.account)}")


def _keys(config: StackConfig) -> Iterator[Problem]:
    """On aws whoever reads an object decrypts it, so the key must be known; it is one of the other's account.

    "Sharing encrypted objects across accounts", https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    """
    for name, one in of(config).takes_from.items():
        path = (SECTION.name, "takes_from", name, "key")
        if config.platform != "aws":
            if one.key is not None:
                yield Problem(path, "is taken by aws alone, where whoever reads must decrypt; leave it out")
        elif one.key is None:
            yield Problem(path, "is missing; add the ARN of the KMS key of the other stack's data")
        elif not re.fullmatch(AWS_KEY, one.key) or one.key.split(":")[3:5] != [config.region, one.account]:
            found = f"found {found_word(one.key)}, allowed: the ARN of a KMS key of {one.account} in {config.region}"
            yield Problem(path, found)


def publishers(config: StackConfig) -> list[str]:
    """The identities that may read this stack's versions, each once, in order."""
    return sorted({one.publisher for one in of(config).gives_to.values()})


def _own_schema(platform: str) -> dict[str, Any]:
    own = {"publisher": {"pattern": f"^({PUBLISHERS[platform][0].replace('?P<account>', '')})$"}}
    return {"properties": {"gives_to": {"additionalProperties": {"properties": own}}}}


SECTION: Section[Registry] = Section(
    __name__,
    value=Annotated[
        Registry,
        Field(
            description="The registries of other stacks that versions of models go to and come from.",
            examples=[
                {
                    "gives_to": {
                        "aws-test": {
                            "account": "444455556666",
                            "publisher": "arn:aws:iam::444455556666:role/aws-test-publisher",
                        }
                    }
                }
            ],
        ),
    ],
    default=Registry(),
    called="versions given to and taken from other stacks",
    in_ground=True,
    check=one_by_one(_some, _accounts, _publishers, _keys),
    own_schema=_own_schema,
)
of = SECTION.of
