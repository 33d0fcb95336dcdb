"""What our own provider makes on AWS: the preflight of a registered model version."""

from catalogue.answers import Answer, Request
from catalogue.behaviour import Behaviour
from catalogue.kind import Acts, At, Kind, No, assumed, documented, setting
from catalogue.kinds.aws import READ, asks

APPROVED_VERSION = "mlplatform:aws:ApprovedVersion"

_DESCRIBE = documented("https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModelPackage.html", READ)
_OURS = No(
    "no tool but our policies knows our own provider",
    assumed("Checkov's rules are written for Terraform's providers, of which ours is none", READ),
)


def _approved(request: Request) -> Answer:
    given = request.inputs
    package = f"model-package/{given.get('group')}/{given.get('version')}"
    arn = f"arn:aws:sagemaker:{given.get('region')}:{given.get('account')}:{package}"
    return Answer(arn, {"status": "Approved"})


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
