"""Whose registry an image is in: the account's own, to which somebody must push it, or another's."""


def is_own(platform: str, image: str, account: str) -> bool:
    """Whether an image is in a registry of the account, as far as its address says.

    A registry of Azure names no subscription, so each is taken for the account's own.
    """
    registry, _, named = image.partition("/")
    if platform == "aws":
        return registry.startswith(f"{account}.dkr.ecr.")
    if platform == "gcp":
        return named.startswith(f"{account}/")
    return registry.endswith(".azurecr.io")
