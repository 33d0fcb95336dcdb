"""A double of the REST APIs that `provider/` calls: Vertex AI, Cloud Monitoring, Azure Resource Manager, its metrics.

It keeps state, answers in the clouds' own shapes and refuses what they refuse. It listens on loopback only; point
`MLPLATFORM_GOOGLE_API` and `MLPLATFORM_AZURE_API` at its `address`.
"""

from sandbox.rest.server import CallFault, Double

__all__ = ["CallFault", "Double"]
