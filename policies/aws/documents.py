"""Whom a statement of an IAM policy lets in, as rules ask. In doubt a statement has its wider meaning."""

import re
from collections.abc import Mapping

from catalogue.iam import principals
from catalogue.properties import Properties


def is_anybody(principal: Mapping[str, list[str]]) -> bool:
    """Whether a principal is anybody, or any account by a wildcard."""
    return "*" in principal or any("*" in name for name in principal.get("AWS", ()))


def is_everybody(statement: Properties) -> bool:
    """Whether a statement, such as a deny, covers everybody without exception."""
    return "NotPrincipal" not in statement and principals(statement) in ({"*": ["*"]}, {"AWS": ["*"]})


def signed_in(statement: Properties) -> bool:
    """Whether a statement lets in sessions of IAM Identity Center alone, whose roles stand on a path of its own."""
    for operator in ("ArnLike", "ArnEquals"):
        if named := list(statement.section_or_empty(f"Condition.{operator}").each_text("aws:PrincipalArn")):
            return all(re.fullmatch(r"arn:aws:iam::\d{12}:role/aws-reserved/sso\.amazonaws\.com/.+", n) for n in named)
    return False


def beyond_a_name(arn: str) -> str:
    """What an ARN takes in that says no name: the end of a sentence, empty where it says one.

    A name of a bucket is one in the world, so whoever makes a bucket that fits the pattern is granted to:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return ""
    if not parts[5].strip("*:/?") and parts[2] != "kms":
        return f"every resource of {parts[2]}"
    bucket = parts[5].partition("/")[0]
    own = parts[2] == "s3" and not parts[4] and re.search(r"[*?]", bucket)
    return "any bucket of such a name, whosever it is" if own and not _OF_AWS.fullmatch(bucket) else ""


_OF_AWS = re.compile(r"(prod-[\w*?-]*-starport-layer-bucket|jumpstart-[\w*?-]+|sagemaker-sample-[\w*?-]+)")
"""Buckets that AWS itself keeps, open to all."""


def has_no_resource(action: str) -> bool:
    """Whether an action lists, signs in or looks up, and IAM knows no resource for it but `*`.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html, and the pages of the
    other services beside it.
    """
    return _NO_RESOURCE.fullmatch(action) is not None


_NO_RESOURCE = re.compile(
    r"sagemaker:List(Endpoint(Config)?s|Models|(Training|Processing|Transform|HyperParameterTuning)Jobs|Pipelines"
    r"|ModelPackageGroups|Experiments|Trials|Images|NotebookInstances|FeatureGroups|CodeRepositories)"
    r"|ec2:Describe(AvailabilityZones|Images|InstanceTypes|Instances|Regions|RouteTables)"
    r"|s3:(ListAllMyBuckets|GetAccountPublicAccessBlock)|sts:GetCallerIdentity|kms:List(Keys|Aliases)"
    r"|cloudwatch:(GetMetricData|GetMetricStatistics|ListMetrics|DescribeAlarmsForMetric)"
    r"|ssmmessages:(Create|Open)(Control|Data)Channel|ecs:ListClusters|iam:List(Roles|Policies)"
)
