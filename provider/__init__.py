"""What no provider covers, as resources of our own: Vertex AI models and deployments, Azure ML traffic.

Programs import the typed resources of `provider.gcp` and `provider.azure`, and this package's `Provider`; all three
need nothing but pulumi. The engine starts the rest as a plugin (`provider/__main__.py`).
"""

import pulumi

PACKAGE = "mlplatform"


class Provider(pulumi.ProviderResource):
    """The provider of the `mlplatform:*` resources. It has no settings: each cloud's ambient credentials are used."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(PACKAGE, name, {}, opts)
