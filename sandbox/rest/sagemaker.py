"""The double of SageMaker's model packages, as far as `provider/` reads them: DescribeModelPackage.

A call of AWS's JSON APIs is a POST to `/` whose header names the operation, and an error names its type in the body,
most of them with HTTP 400: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalogue.registered import DIGEST, PENDING
from sandbox.rest.calls import Call, Json, Refusal, Response

TARGET = "X-Amz-Target"
ERRORS: Mapping[str, tuple[int, str]] = {
    "throttle": (400, "ThrottlingException"),
    "unavailable": (503, "ServiceUnavailable"),
    "refuse": (400, "AccessDeniedException"),
    "gone": (400, "ValidationException"),
}
"""How AWS tells what another cloud tells by the status.

"Common error types", https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html
"""
METADATA = "CustomerMetadataProperties"


def is_sagemaker(call: Call) -> bool:
    """Whether the call is one of SageMaker's API."""
    return call.path == "/" and call.headers.get(TARGET, "").startswith("SageMaker.")


@dataclass
class SagemakerDouble:
    """Model packages by their ARN, as `register` and `decide` made them."""

    packages: dict[str, Json] = field(default_factory=dict[str, Json])

    def register(self, arn: str, digest: str, status: str = PENDING) -> None:
        """A version that waits for the approver's word, or has had it."""
        self.packages[arn] = {
            "ModelPackageArn": arn,
            "ModelPackageStatus": "Completed",
            "ModelApprovalStatus": status,
            METADATA: {DIGEST: digest} if digest else {},
        }

    def answer(self, call: Call) -> Response | None:
        """The answer to one call, or None to one of another API."""
        if not is_sagemaker(call):
            return None
        operation = call.headers[TARGET].partition(".")[2]
        if operation != "DescribeModelPackage":
            raise Refusal(400, "UnknownOperationException", f"The double does not know {operation}.")
        arn = str(call.body.get("ModelPackageName", ""))
        if arn not in self.packages:
            # The words are assumed: the API's page lists no error of its own.
            raise Refusal(400, "ValidationException", f"ModelPackage {arn} does not exist.")
        return Response(200, self.packages[arn])
