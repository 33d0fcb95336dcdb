"""What opens a resource of a kind that nobody has written down, by the words that mean the same in every kind of AWS.

The programs of others make hundreds of kinds, and a record says what is judged of fifty. `kind-known` says of the rest
that nobody judges them; here is what anybody can see of them: a document that lets in the world, an address range that
is the world, a switch that makes public, unencrypted or unprotected.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from catalogue.graph import Graph, Resource
from catalogue.iam import allows, conditions_of, name_of, principals, statements
from catalogue.kinds import kind_of
from catalogue.marks import is_marked
from catalogue.once import once_a_resource
from catalogue.platforms import cloud_of
from catalogue.properties import Properties, Unreadable
from catalogue.wording import one_line
from policies.aws.documents import beyond_a_name, is_anybody
from policies.rule import NOT_READ, Found, whole_stack_rule

_SWITCHES: Mapping[str, tuple[bool, str]] = {
    "acceptanceRequired": (False, "whoever asks is let in"),
    "allowExternalPrincipals": (True, "accounts outside the organisation are let in"),
    "allowUnauthenticatedIdentities": (True, "whoever does not sign in is let in"),
    "assignPublicIp": (True, "it has a public address"),
    "associatePublicIpAddress": (True, "it has a public address"),
    "atRestEncryptionEnabled": (False, "what it holds is not encrypted"),
    "blockPublicAcls": (False, "what is in it may be made public"),
    "blockPublicPolicy": (False, "what is in it may be made public"),
    "deletionProtection": (False, "it is not protected against deletion"),
    "deletionProtectionEnabled": (False, "it is not protected against deletion"),
    "enableDeletionProtection": (False, "it is not protected against deletion"),
    "enableExecuteCommand": (True, "a shell can be opened in it"),
    "encrypted": (False, "what it holds is not encrypted"),
    "endpointPublicAccess": (True, "it is reached from the internet"),
    "enforceHttps": (False, "it answers without TLS"),
    "forceDelete": (True, "it is deleted with all that it holds"),
    "forceDestroy": (True, "it is deleted with all that it holds"),
    "ignorePublicAcls": (False, "what is in it may be made public"),
    "internal": (False, "it is reached from the internet"),
    "mapPublicIpOnLaunch": (True, "what starts in it has a public address"),
    "privileged": (True, "its containers are root on their machine"),
    "privilegedMode": (True, "its containers are root on their machine"),
    "publiclyAccessible": (True, "it is reached from the internet"),
    "restrictPublicBuckets": (False, "what is in it may be made public"),
    "skipFinalSnapshot": (True, "what it holds is lost with it"),
    "storageEncrypted": (False, "what it holds is not encrypted"),
    "transitEncryptionEnabled": (False, "what goes to it is not encrypted"),
}
"""Truth values that mean the same wherever they stand, with the one that opens and what it does. The names are those of
the provider's schema: https://www.pulumi.com/registry/packages/aws/api-docs/"""

_WORDS: Mapping[str, tuple[str, str]] = {
    "accessType": (r"PUBLIC", "it is reached from the internet"),
    "acl": (r"public-.*|authenticated-read", "what is in it is public"),
    "authorization": (r"NONE", "nobody signs in to call it"),
    "authorizationType": (r"NONE", "nobody signs in to call it"),
    "directInternetAccess": (r"Enabled", "it has a way to the internet of its own"),
    "httpTokens": (r"optional", "its credentials are read by a forged request"),
    "imageTagMutability": (r"MUTABLE.*", "an image in it can be exchanged"),
    "minimumProtocolVersion": (r"SSLv3|TLSv1(_2016|\.1_2016)?", "it takes TLS that is broken"),
    "originProtocolPolicy": (r"http-only|match-viewer", "what goes to its origin is not encrypted"),
    "principal": (r"\*", "anybody is let in"),
    "rootAccess": (r"Enabled", "who works on it is root"),
    "securityPolicy": (r"TLS_1_0", "it takes TLS that is broken"),
    "sslPolicy": (r"ELBSecurityPolicy-(2016-08|2015-05|TLS-1-[01]-.*)", "it takes TLS that is broken"),
    "tlsSecurityPolicy": (r"Policy-Min-TLS-1-0-.*", "it takes TLS that is broken"),
    "viewerProtocolPolicy": (r"allow-all", "it answers without TLS"),
}
"""Words that mean the same wherever they stand, as a pattern of those that open, and what they do."""

_NUMBERS: Mapping[str, tuple[float, str]] = {
    "backupRetentionPeriod": (0, "no copy of what it holds is kept"),
    "recoveryWindowInDays": (0, "it is deleted at once"),
}
"""Numbers that mean the same wherever they stand, with the one that opens and what it does."""

_WORLD = re.compile(r"0\.0\.0\.0/[01]|128\.0\.0\.0/1|::/[01]")
_RULES_ALL = re.compile(r"arn:aws[\w-]*:iam::aws:policy/(AdministratorAccess|PowerUserAccess|IAMFullAccess)")
_OUTWARD = ("destinationCidrBlock", "destinationIpv6CidrBlock")
"""Where a route leads, which the rules on ways out judge by what it leads to."""


@whole_stack_rule(
    "kind-closed",
    severity="high",
    says="A resource of a kind that the catalogue does not know lets in nobody that its program does not name, is not "
    "reached from the internet, encrypts what it holds and is not deleted with it.",
    remedy="Give the input the other value; or add a record for the type to organisation/kinds/ (CONTRIBUTING, 'Add a "
    "kind'), whose rules judge it by what it is for.",
    advice_elsewhere=True,
    never_waived=NOT_READ,
)
def closed(graph: Graph) -> Found:
    """Each sentence once a resource. What is known, the rules of its kind judge."""
    for resource in graph.cloud:
        if kind_of(resource.type) is None and cloud_of(resource.type) == "aws":
            yield from ((resource, sentence) for sentence in dict.fromkeys(_opens(resource)))


@once_a_resource
def _opens(resource: Resource) -> list[str]:
    return list(_in(resource, "", resource.inputs))


def _in(resource: Resource, path: str, value: Any) -> Iterator[str]:
    """What opens in a value, at any depth."""
    name = path.rpartition(".")[2]
    if is_marked(value):
        return
    if isinstance(value, Mapping):
        for key, one in cast("Mapping[str, Any]", value).items():
            yield from _in(resource, f"{path}.{key}".lstrip("."), one)
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _in(resource, path, one)
    elif isinstance(value, bool) and name in _SWITCHES:
        opens, does = _SWITCHES[name]
        if value is opens:
            yield f"has {path} {json.dumps(value)}: {does}"
    elif isinstance(value, int | float) and name in _NUMBERS:
        opens, does = _NUMBERS[name]
        if value == opens:
            yield f"has {path} {value:g}: {does}"
    elif isinstance(value, str):
        yield from _in_text(resource, path, name, value)


def _in_text(resource: Resource, path: str, name: str, text: str) -> Iterator[str]:
    pattern, does = _WORDS.get(name, ("(?!)", ""))
    if re.fullmatch(pattern, text):
        yield f"has {path} {one_line(text)}: {does}"
    if _WORLD.fullmatch(text) and name not in _OUTWARD:
        yield f"is open to {text} in {path}"
    if _RULES_ALL.fullmatch(text):
        yield f"hands out {text.rpartition('/')[2]} in {path}"
    if text.lstrip().startswith("{") and '"Statement"' in text:
        yield from _in_document(Properties({"said": text}, "", resource), path)


def _in_document(holder: Properties, path: str) -> Iterator[str]:
    """What a policy grants to anybody, or of everything."""
    try:
        for statement in filter(allows, statements(holder, "said")):
            name, free = name_of(statement), all(one.admits() for one in conditions_of(statement))
            if free and ("NotPrincipal" in statement or is_anybody(principals(statement))):
                yield f"lets in anybody by {name} in {path}"
            if "NotAction" in statement or "NotResource" in statement:
                yield f"grants everything but a list by {name} in {path}"
            if "Principal" in statement or "NotPrincipal" in statement:
                continue
            actions = list(statement.each_text("Action"))
            if wild := next((one for one in actions if re.fullmatch(r"\*|[\w-]+:\*", one)), None):
                yield f"grants the wildcard action {wild} by {name} in {path}"
            for one in statement.each_text("Resource") if free and actions else ():
                if wide := "every resource" if one == "*" and _narrows(actions) else beyond_a_name(one):
                    yield f"grants {actions[0]} on {one} by {name} in {path}, which is {wide}"
    except Unreadable as error:
        yield f"cannot be judged: {path} {error}"


def _narrows(actions: list[str]) -> bool:
    """Whether an action is one that names can narrow: of those that read, write or pass on what somebody holds."""
    return any(
        re.match(r"(s3|kms|iam|sts|secretsmanager|ssm|lambda|dynamodb):(?!List|Describe)", one) for one in actions
    )


RULES = [closed]
