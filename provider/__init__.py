"""What no provider covers, as resources of our own: one file a resource, in the folder of its platform.

A program imports a resource's class from its file (`from provider.gcp.model import Model`) and `Provider` from here.
Both need nothing but pulumi. The engine starts the rest as a plugin (`provider/__main__.py`), which serves every
resource that it finds in the folders.
"""

from typing import Any

import pulumi

PACKAGE = "mlplatform"
Json = dict[str, Any]
Text = pulumi.Input[str]
Number = pulumi.Input[int]


class Provider(pulumi.ProviderResource):
    """The provider of the `mlplatform:*` resources. It has no settings: each cloud's ambient credentials are used."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(PACKAGE, name, {}, opts)
