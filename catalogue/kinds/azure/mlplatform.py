"""What our own provider makes on Azure, where no resource of azure-native covers it."""

from catalogue.kind import CostsOnly, Kind, No, documented, setting

_ROLLOUT = documented(
    "https://learn.microsoft.com/en-us/azure/machine-learning/how-to-safely-rollout-online-endpoints", "2026-11-26"
)

KINDS: tuple[Kind, ...] = (
    setting(
        "mlplatform:azure:Traffic",
        "an online endpoint",
        _ROLLOUT,
        holds=CostsOnly(_ROLLOUT),
        bills=No("a setting of an endpoint is free; its deployments bill", _ROLLOUT),
    ),
)
