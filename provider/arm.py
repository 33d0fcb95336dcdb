"""Calls to Azure Resource Manager (2025-12-01): read a resource, write it, wait for the operation."""

from provider import Json
from provider.clouds import Clouds
from provider.errors import CloudError, ProviderError, Unsure
from provider.rest import OPERATION_SECONDS, Reply, error_text, retry_after

API_VERSION = {"api-version": "2025-12-01"}
ENDED = ("Succeeded", "Failed", "Canceled")


class Arm:
    """Calls to Azure Resource Manager. `seconds` bounds each long-running operation; 0 means the default."""

    def __init__(self, clouds: Clouds, seconds: float = 0) -> None:
        self.door = clouds.azure()
        self.seconds = seconds or OPERATION_SECONDS

    def get(self, path: str, doing: str) -> Json | None:
        """The resource, or None when there is none."""
        return self.door.get(path, doing, API_VERSION)

    def settled(self, path: str, doing: str, missing: str) -> Json:
        """The resource, after any operation of an earlier, interrupted run has ended.

        Raises ProviderError with the sentence `missing` when there is no such resource.
        """

        def look() -> Json | None:
            found = self.get(path, doing)
            if found is None:
                raise ProviderError(missing)
            return found if self.state(found["properties"].get("provisioningState", "Succeeded")) in ENDED else None

        return self.door.until(look, doing, self.seconds)

    def put(self, path: str, body: Json, doing: str) -> None:
        """Write a resource and wait for the operation. Raises Unsure when somebody else wrote in between."""
        headers = {"If-Match": str(body["etag"])} if "etag" in body else {}
        try:
            answer = self.door.call("PUT", path, doing, params=API_VERSION, json=body, headers=headers)
        except CloudError as error:
            if error.status in (409, 412):
                self.door.clock.sleep(5.0)
                raise Unsure(str(error)) from None
            raise
        self._wait(answer, doing)

    def _wait(self, answer: Reply, doing: str) -> None:
        status, location = answer.headers.get("azure-asyncoperation"), answer.headers.get("location")
        address = status or (location if answer.status == 202 else None)
        if address is None:
            return

        def look() -> Json | None:
            reply = self.door.call("GET", address, doing)
            if status is None and reply.status != 202:
                return {"status": "Succeeded"}
            if status is not None and self.state(reply.body.get("status")) in ENDED:
                return reply.body
            self.door.clock.sleep(retry_after(reply.headers, self.door.clock.now()) or 0)
            return None

        ended = self.door.until(look, doing, self.seconds)
        if self.state(ended["status"]) != "Succeeded":
            raise CloudError(f"{doing}: {error_text(ended.get('error') or {'code': ended['status']})}", 0)

    @staticmethod
    def state(found: object) -> str:
        """A state, spelt as in ENDED. Azure Resource Manager does not promise which letters are capitals."""
        return str(found).capitalize()
