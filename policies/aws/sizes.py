"""Sizes: no policy document is longer than AWS takes. The sizes are hard: no quota raises them."""

import json
import re
from collections.abc import Iterator, Mapping, Sized
from typing import cast

from catalogue.behaviour import values_at
from catalogue.generated import generated
from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import iam, kms, s3
from catalogue.marks import is_special, is_unknown
from catalogue.properties import Properties
from policies.rule import stack_rule

INLINE = 10_240
DOCUMENTS = {
    iam.POLICY: ("policy", 6_144),
    iam.ROLE: ("assumeRolePolicy", 2_048),
    s3.BUCKET_POLICY: ("policy", 20_480),
    kms.KEY: ("policy", 32_768),
}
"""Where each type has its document, and the most that it may have: characters in IAM, bytes elsewhere."""

_IAM = (iam.POLICY, iam.ROLE)
_SHORTER = (
    "In the stack file, put the artifact_uri of models and the input_uri and output_uri of batch_jobs below few "
    "folders, and the images into few namespaces; give training jobs short names, for the data scientist's policy "
    "names each twice; or make two stacks of it."
)


@stack_rule(
    "sizes-role-policies",
    iam.ROLE,
    severity="high",
    says=f"The inline policies of a role have at most {INLINE:,} characters together.",
    remedy=_SHORTER,
)
def role_policies(graph: Graph, role: Resource) -> Iterator[str]:
    """PutRolePolicy refuses more; white space does not count. IAM, "IAM and STS quotas",
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    holders = [policy.props for policy in graph.referring(iam.ROLE_POLICY, "role", role)]
    holders += role.props.each_section("inlinePolicies")
    size = sum(_size(holder, "policy") for holder in holders)
    if size > INLINE:
        yield f"has inline policies of {size:,} characters, and AWS takes {INLINE:,} in all"


@stack_rule(
    "sizes-document",
    *DOCUMENTS,
    severity="high",
    says="A policy document is no longer than AWS takes: 6,144 characters for a managed policy, 2,048 for a role's "
    "trust, 20 KiB for a bucket's policy, 32 KiB for a key's.",
    remedy="Name fewer things in it: the boundary grows with the families of endpoints and batch_jobs, and with "
    "the training jobs under experiments and the stacks under takes_from of registry, in the stack file.",
)
def document(graph: Graph, resource: Resource) -> Iterator[str]:
    """IAM as above; Amazon S3, https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html; AWS KMS,
    "Resource quotas", https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html
    """
    path, most = DOCUMENTS[resource.type]
    if (size := _size(resource.props, path, resource.type in _IAM)) > most:
        yield f"has a policy of {size:,} characters, and AWS takes {most:,} ({path})"


@stack_rule(
    "sizes-input",
    *(token for token, facts in generated("aws").types.items() if facts.longest),
    severity="high",
    says="No text, list or map is longer than its service takes: 10 variants of an endpoint, 100 variables of a "
    "container, 50 tags, 63 characters of a name of SageMaker's, and every other that AWS's own SDK knows.",
    remedy="Shorten it; where it grows with the stack file, say less there, or make two stacks of it.",
)
def inputs(graph: Graph, resource: Resource) -> Iterator[str]:
    """The service models of botocore, https://github.com/boto/botocore (catalogue/generated/aws.json has the version).

    Characters where it is a text, entries where it is a list or a map. Policy documents have rules of their own. What
    AWS keeps for itself: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
    """
    for path, most in generated("aws").types[resource.type].longest.items():
        for value in values_at(resource.inputs, path):
            known = isinstance(value, Sized) and not is_unknown(value) and not is_special(value)
            length = len(value) if known else 0
            if length > most:
                what = "characters" if isinstance(value, str) else "entries"
                yield f"has {length:,} {what} at {path}, and AWS takes {most:,}"
    tags = resource.inputs.get("tags")
    for name in cast("Mapping[str, object]", tags) if isinstance(tags, Mapping) else ():
        if name.lower().startswith("aws:"):
            yield f"has the tag {name}, and AWS keeps what begins so for itself"


def _size(props: Properties, path: str, but_white_space: bool = True) -> int:
    """The length of a document. What is not known yet raises, and is judged once it is."""
    value = props.value_or_none(path)
    text = value if isinstance(value, str) else json.dumps(value) if value else ""
    return len((re.sub(r"\s", "", text) if but_white_space else text).encode())


RULES = [role_policies, document, inputs]
