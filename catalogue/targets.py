"""How a caller names one of the models that share a container: by the path of its artifact below their folder.

"Invoke a Multi-Model Endpoint", https://docs.aws.amazon.com/sagemaker/latest/dg/invoke-multi-model-endpoint.html
"""

from collections.abc import Sequence
from itertools import takewhile

from catalogue.placement import Placement


def folder_of(uris: Sequence[str]) -> str | None:
    """The narrowest folder that all the artifacts lie below, with its slash. None where that is no folder of a bucket.

    A whole bucket is none: SageMaker fetches whatever below it a caller names and the role may read.
    """
    parents = [uri.removeprefix("s3://").split("/")[:-1] for uri in uris]
    shared = [parts[0] for parts in takewhile(lambda parts: len({*parts}) == 1, zip(*parents, strict=False))]
    return f"s3://{'/'.join(shared)}/" if len(shared) > 1 else None


def target_of(uri: str, folder: str) -> str:
    """What a caller says to be answered by this artifact, which lies below the folder."""
    return uri.removeprefix(folder)


def artifacts_below(place: Placement | None, folder: str) -> set[str]:
    """The artifacts of the stack file that its endpoints of several models serve from a folder; none where no file was
    read."""
    if place is None:
        return set()
    found: set[str] = set()
    for key, named in place.stated:
        if key.startswith("endpoints.") and key.endswith(".models"):
            uris = [place.states(f"models.{name}.artifact_uri") for name in named.split(", ")]
            found |= {*uris} if folder_of(uris) == folder else set()
    return found
