"""The connection to Azure: in which subscription and region a stack is made."""

from catalogue.kind import At, Kind, from_source, setting

_SDK = from_source("https://www.pulumi.com/registry/packages/azure-native/installation-configuration/", "2026-11-26")

KINDS: tuple[Kind, ...] = (setting("pulumi:providers:azure-native", "a stack", _SDK, stands=At("location", _SDK)),)
