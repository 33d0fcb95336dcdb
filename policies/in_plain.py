"""Finds secrets in plain text, by what they look like and by what they are called. It never tells what they are.

The forms are those that the field's scanners know: detect-secrets (https://github.com/Yelp/detect-secrets, plugins) and
GitHub's list (https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns).
Neither is called here: detect-secrets asks some twenty plugins of each line, and a pack is asked about hundreds of
thousands of lines in seconds.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from catalogue.graph import Graph, Resource
from catalogue.marks import is_marked
from catalogue.once import once_a_resource
from catalogue.platforms import Platform
from policies.rule import OPEN_TO_OTHERS, Found, Rule, whole_stack_rule
from policies.world import texts

_REMEDIES: Mapping[Platform, str] = {
    "aws": "Keep it in AWS Secrets Manager, have the role read it there, and name it by its ARN; then change it.",
    "gcp": "Keep it in Secret Manager, let the persona's account read that one secret there; then change it.",
    "azure": "Keep it in the key vault, have the identity read it there, and name it by its address; then change it.",
}

_FORMS: Mapping[str, str] = {
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY",
    "a key of AWS": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a key of Google": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "a key of a service account": r"\"private_key_id\"\s*:",
    "a key of a storage account": r"\bAccountKey=[0-9A-Za-z+/]{20,}|\bSharedAccessKey=\S{20,}",
    "a shared access signature": r"[?&]sig=[0-9A-Za-z%+/]{20,}",
    "a signed address": r"[?&]X-(?:Amz|Goog)-Signature=[0-9a-f]{20,}",
    "a token of GitHub": r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{60,})",
    "a token of Slack": r"\bxox[abeoprs]-[0-9A-Za-z-]{10,}",
    "a token of Hugging Face": r"\bhf_[0-9A-Za-z]{30,}\b",
    "a key of OpenAI or Anthropic": r"\bsk-(?:ant-|proj-)?[0-9A-Za-z_-]{20,}",
    "a signed token": r"\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{10,}",
    "a password in an address": r"\b[a-z][a-z0-9+]*://[^/\s:@'\"]+:[^/\s:@'\"${]{4,}@",
}
_CALLED = (
    r"(?:pass(?:word|wd|phrase)|pwd|secret|token|credential|(?:api|access|account|client|private|shared|signing|"
    r"subscription|storage)[_-]?(?:key|secret)|connection[_-]?string)s?"
)
_NAME = re.compile(rf".*{_CALLED}", re.IGNORECASE)
_ASSIGNED = re.compile(rf"\b[a-z_]*{_CALLED}\b['\"]?\s*[:=]\s*['\"]?(?P<value>[^\s'\"$<{{(;,]{{8,}})", re.IGNORECASE)
_FORM = re.compile("|".join(f"(?P<f{number}>{form})" for number, form in enumerate(_FORMS.values())))
_NO_SECRET = re.compile(
    r"|true|false|none|null|enabled|disabled|optional|required|identity|default|\d{1,6}"
    r"|\$[{(].*|\{\{.*|@microsoft\.keyvault\(.*|arn:.*|projects/.*|/.*|[a-z]+://.*|<.*>|[a-z]+-[a-z]+",
    re.IGNORECASE,
)
"""A switch, a reference to a store of secrets, a path, an address, or a place to be filled in."""
_OF_A_STORE = re.compile(r"arn:[\w-]+:(?:secretsmanager|ssm):[^\s'\"]*")
"""The name of a secret in AWS's stores, which has `secret:` before it:
https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html"""


def rules(platform: str) -> list[Rule]:
    """The rule of this module for one platform."""
    return [_in_plain(platform)]


def _in_plain(platform: str) -> Rule:
    @whole_stack_rule(
        "secrets-in-plain",
        severity="critical",
        says="No input or output of the stack has a secret in plain text: no environment variable, definition, script, "
        "body, tag or text.",
        remedy=_REMEDIES[cast("Platform", platform)],
        never_waived=OPEN_TO_OTHERS,
    )
    def in_plain(graph: Graph) -> Found:
        """NIST 800-53 IA-5(7); MCSB IM-8. Whoever may describe a model, a job, a workflow or a deployment reads it:
        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModel.html,
        https://cloud.google.com/secret-manager/docs/best-practices and
        https://learn.microsoft.com/en-us/azure/machine-learning/how-to-deploy-online-endpoint-with-secret-injection.
        Whoever reads the state reads the outputs (https://www.pulumi.com/docs/iac/concepts/secrets/); the engine shows
        no rule those of the stack.
        """
        for resource in graph.resources:
            for path, what in secrets_of(resource):
                yield resource, f"has {what} in plain text ({path})"
        for path, what in secrets(graph.outputs):
            yield None, f"has {what} in plain text among its outputs ({path})"

    return in_plain


@once_a_resource
def secrets_of(resource: Resource) -> Sequence[tuple[str, str]]:
    """Where the inputs of a resource have a secret in plain text: the paths, and what each is."""
    return list(dict.fromkeys((*secrets(resource.inputs), *_inside(resource))))


def _inside(resource: Resource) -> Iterator[tuple[str, str]]:
    """Those inside of a document, by the names that they have there, and of a script or a body in base64."""
    for path, text in texts(resource):
        if "#" in path:
            yield from secrets(text, path.replace("#", "."))
        if decoded := _decoded(text):
            yield from secrets(decoded, path)


@lru_cache(maxsize=4096)
def _decoded(text: str) -> str:
    """What a text in base64 says, as start-up scripts and bodies are sent; empty where it is no text in base64."""
    if len(text) < 16 or not _BASE64.fullmatch(text):
        return ""
    try:
        return base64.b64decode(text).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


_BASE64 = re.compile(r"[A-Za-z0-9+/\s]++={0,2}\s*")


def secrets(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Where a value has a secret in plain text: the path, and what it is. A value that is marked secret is none."""
    return ((at, what) for at, what, _ in _found(value, path))


def plain_texts(value: Any) -> Iterator[str]:
    """The secrets in plain text themselves, for whoever must keep them out of what is printed."""
    return (text for _, _, text in _found(value, ""))


def _found(value: Any, path: str) -> Iterator[tuple[str, str, str]]:
    if is_marked(value):
        return
    if isinstance(value, str):
        if what := _what(path.rpartition(".")[2], value):
            yield path, what, value
    elif isinstance(value, Mapping):
        here = cast("Mapping[str, Any]", value)
        name, said = here.get("name"), here.get("value")
        if isinstance(name, str) and isinstance(said, str):  # an environment variable as most APIs have it
            if what := _what(name, said):
                yield f"{path}.{name}".lstrip("."), what, said
            return
        for key, one in here.items():
            yield from _found(one, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for number, one in enumerate(cast("list[Any]", value)):
            yield from _found(one, f"{path}.{number}".lstrip("."))


@lru_cache(maxsize=65_536)
def _what(name: str, text: str) -> str:
    """What secret a text is or has in it; empty where none is seen."""
    if len(text) < 4:
        return ""
    if (found := _FORM.search(text)) is not None:
        return list(_FORMS)[int(str(found.lastgroup)[1:])]
    if _NAME.fullmatch(name) and not _NO_SECRET.fullmatch(text):
        return "what its name calls a secret"
    if (said := _ASSIGNED.search(_OF_A_STORE.sub("", text))) is not None and not _NO_SECRET.fullmatch(said["value"]):
        return "a line that sets a secret"
    return ""
