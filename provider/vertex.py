"""Calls to Vertex AI's REST API (aiplatform v1, revision 20261106): start an operation, and wait for it."""

from provider import Json
from provider.clouds import Clouds
from provider.errors import CloudError, Unsure
from provider.rest import OPERATION_SECONDS, error_text


class Vertex:
    """The calls of one project and location. `seconds` bounds each long-running operation; 0 means the default."""

    def __init__(self, location: str, clouds: Clouds, seconds: float = 0) -> None:
        self.door = clouds.google(f"{location}-aiplatform.googleapis.com")
        self.seconds = seconds or OPERATION_SECONDS

    def act(self, method: str, path: str, doing: str, body: Json | None = None) -> Json:
        """Start a long-running operation and wait for its response. Raises Unsure if it may have been started."""
        try:
            operation = self.door.call(method, f"/v1/{path}", doing, json=body).body
        except CloudError as error:
            if (
                error.status == 409
            ):  # ALREADY_EXISTS or ABORTED: somebody called first, and it may have been an earlier run of ours
                self.door.clock.sleep(5.0)
                raise Unsure(str(error)) from None
            raise
        if "name" not in operation:
            raise Unsure(f"{doing}: the cloud did not say which operation it began")
        return self.wait(operation, doing)

    def wait(self, operation: Json, doing: str) -> Json:
        """The response of an operation once it is done. Raises CloudError with its error."""

        def look() -> Json | None:
            nonlocal operation
            if not operation.get("done"):
                operation = self.door.call("GET", f"/v1/{operation['name']}", doing).body
            return operation if operation.get("done") else None

        done = self.door.until(look, doing, self.seconds)
        if "error" in done:
            raise CloudError(f"{doing}: {error_text(done['error'])}", 0)
        response: Json = done.get("response") or {}
        return response

    def settle(self, resource: str, doing: str) -> None:
        """Wait for operations of an earlier, interrupted run on `resource`. Read the resource to see how they ended."""
        listed = self.door.get(f"/v1/{resource}/operations", doing, {"filter": "done=false"}) or {}
        for operation in listed.get("operations", []):
            if not operation.get("done"):
                try:
                    self.wait(operation, doing)
                except CloudError:
                    continue
