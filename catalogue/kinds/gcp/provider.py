"""Google's provider. It names the project and the region of a stack."""

from catalogue.kind import At, No, setting
from catalogue.kinds.gcp import registry

PROVIDER = "pulumi:providers:gcp"

_SDK = registry("provider")

KINDS = (
    setting(
        PROVIDER,
        "the program",
        _SDK,
        bills=No("a provider is a connection and nothing in the cloud", _SDK),
        stands=At("region", _SDK),
        acts=No("Pulumi makes it, no cloud", _SDK),
        renders=No("Terraform has it as configuration and not as a resource", _SDK),
    ),
)
