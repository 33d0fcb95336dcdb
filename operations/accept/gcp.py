"""How an acceptance run calls an endpoint of Vertex AI, and empties the run's own buckets.

The endpoint is called at its address in the network, as the manual step says. The certificate there is signed by no
authority: Vertex AI, "Use dedicated private endpoints based on Private Service Connect for online inference",
https://cloud.google.com/vertex-ai/docs/predictions/private-service-connect. An object's generations are deleted one by
one: https://cloud.google.com/storage/docs/json_api/v1/objects/delete. A repository of Artifact Registry goes with its
images: https://cloud.google.com/artifact-registry/docs/repositories/delete-repo.
"""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote, urlsplit

import httpx

from operations.accept.posting import posted, url_of


def doubt(account: Any) -> str:
    """Nothing but variables puts another host in the place of these, and they are looked at for every platform."""
    return ""


def call(
    account: Any, name: str, outputs: Mapping[str, Any], body: bytes, transport: httpx.BaseTransport | None = None
) -> bytes:
    """The answer of the endpoint. Raises Unanswered."""
    return posted(url_of(outputs, name), body, verify=False, transport=transport)


def empty(account: Any, address: str, transport: httpx.BaseTransport | None = None) -> str:
    """Delete the folder at an address, in every generation. Returns why something stays, or ""."""
    place = urlsplit(address)
    folder = f"{place.path.strip('/')}/"
    objects = f"https://storage.googleapis.com/storage/v1/b/{quote(place.netloc, safe='')}/o"
    wanted = {"prefix": folder, "versions": "true", "fields": "items(name,generation),nextPageToken"}
    headers = {"Authorization": f"Bearer {account.token()}", "X-Goog-User-Project": str(account.project)}
    said: list[str] = []
    try:
        with httpx.Client(headers=headers, timeout=60.0, transport=transport) as client:
            while wanted:
                listed = client.get(objects, params=wanted).raise_for_status().json()
                for one in cast("list[dict[str, str]]", listed.get("items") or []):
                    own = f"{objects}/{quote(one['name'], safe='')}"
                    answer = client.delete(own, params={"generation": one["generation"]})
                    if not answer.is_success and answer.status_code != 404:
                        said.append(f"{answer.status_code}: {' '.join(answer.text.split())[:200]}")
                more = listed.get("nextPageToken")
                wanted = {**wanted, "pageToken": str(more)} if more else {}
    except httpx.HTTPError as error:
        said.append(f"{type(error).__name__}: {error}")
    return "; ".join(dict.fromkeys(said))
