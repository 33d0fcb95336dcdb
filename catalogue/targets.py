"""How a caller names one of the models that share a container: by the path of its artifact below their folder.

"Invoke a Multi-Model Endpoint", https://docs.aws.amazon.com/sagemaker/latest/dg/invoke-multi-model-endpoint.html
"""

from catalogue.placement import Placement

FOLDER = r"s3://[^/]+/([^/]+/)+"
"""A folder of models. A whole bucket is none: SageMaker fetches what a caller names below it and the role may read."""


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
        endpoint, _, last = key.rpartition(".")
        if key.startswith("endpoints.") and last == "models" and place.states(f"{endpoint}.folder_uri") == folder:
            found |= {place.states(f"models.{name}.artifact_uri") for name in named.split(", ")}
    return found
