"""Resources of our own, for what no other provider covers. Each has one file, in the folder of its platform.

A program imports a resource's class from its file (`from provider.gcp.model import Model`) and `Provider` from here.
Both need pulumi only. The engine starts the rest as a plugin (`provider/__main__.py`). The plugin serves every resource
that it finds in the folders.
"""

from typing import Any

import pulumi

PACKAGE = "mlplatform"
VERSION = "0.1.0"
"""The version of the project, which its plugins tell the engine."""
Json = dict[str, Any]
Text = pulumi.Input[str]
Number = pulumi.Input[int]


class Provider(pulumi.ProviderResource):
    """The provider of the `mlplatform:*` resources. It has no settings and uses each cloud's ambient credentials."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(PACKAGE, name, {}, opts)
