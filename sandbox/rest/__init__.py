"""A double of the REST APIs that `provider/` calls.

These are Vertex AI, Cloud Storage's objects, Cloud Monitoring, Azure Resource Manager with its metrics, and
SageMaker's model packages.

The double keeps state. It answers in the clouds' own shapes and refuses what they refuse. It listens on loopback only.
Point `MLPLATFORM_GOOGLE_API`, `MLPLATFORM_AZURE_API` and `MLPLATFORM_AWS_API` at its `address`.
"""

from sandbox.rest.server import CallFault, Double

__all__ = ["CallFault", "Double"]
