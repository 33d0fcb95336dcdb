"""What our own provider makes on AWS: the preflight of a registered model version."""

from catalogue.answers import Answer, Request
from catalogue.behaviour import Behaviour
from catalogue.kind import Acts, At, Kind, No, assumed, documented, setting
from catalogue.kinds.aws import READ, asks
from catalogue.registered import APPROVED, package_arn

APPROVED_VERSION = "mlplatform:aws:ApprovedVersion"

_DESCRIBE = documented("https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModelPackage.html", READ)
_OURS = No(
    "no tool but our policies knows our own provider",
    assumed("Checkov's rules are written for Terraform's providers, of which ours is none", READ),
)


def _approved(request: Request) -> Answer:
    given = request.inputs
    package = f"{given.get('group')}/{given.get('version')}"
    arn = package_arn(str(given.get("account")), str(given.get("region")), package)
    return Answer(arn, {"status": APPROVED})


KINDS: tuple[Kind, ...] = (
    setting(
        APPROVED_VERSION,
        "a registered version",
        _DESCRIBE,
        stands=At("region", _DESCRIBE),
        bills=No("it asks, and makes nothing", _DESCRIBE),
        acts=Acts(_approved, Behaviour(frozenset()), _DESCRIBE),
        renders=_OURS,
        rights=asks("amazonsagemaker", "sagemaker:DescribeModelPackage"),
    ),
)
