"""The connection to Azure. It names the subscription and region of a stack."""

from catalogue.kind import At, Kind, No, documented, from_source, setting
from catalogue.platforms import PLATFORMS

_SDK = from_source("https://www.pulumi.com/registry/packages/azure-native/installation-configuration/", "2026-11-26")

_PULUMI = documented("https://www.pulumi.com/docs/iac/concepts/resources/providers/", "2026-11-26")


KINDS: tuple[Kind, ...] = (
    setting(
        PLATFORMS["azure"].provider,
        "a stack",
        _SDK,
        stands=At("location", _SDK),
        acts=No("Pulumi makes it, no cloud", _PULUMI),
        renders=No("it is no resource of Azure, but the connection to it", _PULUMI),
    ),
)
