"""A run on Vertex AI: an execution of the workflow of a training job or a pipeline.

projects.locations.workflows.executions.create,
https://cloud.google.com/workflows/docs/reference/executions/rest/v1/projects.locations.workflows.executions/create
"""

from collections.abc import Mapping
from shlex import join
from typing import Any, cast

import httpx

from catalogue.errors import BadInput
from operations.running import Start
from provider.clouds import google_token
from provider.errors import ProviderError
from stacks.model import StackConfig

_API = "https://workflowexecutions.googleapis.com/v1/"
_SECONDS = 60.0


def start(stack: str, config: StackConfig, section: str, name: str) -> Start:
    """What would be sent to start a run of an item of a section, training or pipelines: they start alike."""
    words = [f"{stack}-{name}", f"--project={config.account}", f"--location={config.region}"]
    return Start(
        f"executions.create of {_workflow(stack, config, name)}", join(["gcloud", "workflows", "execute", *words])
    )


def send(stack: str, config: StackConfig, section: str, name: str) -> str:
    """Start a run, and return the name of its execution. Sent once: another try might start a second run.

    Raises BadInput where there are no credentials, Google refuses or what would run does not stand.
    """
    try:
        # A person's credentials must name the project whose quota the call counts against.
        headers = {"Authorization": f"Bearer {google_token()()}", "X-Goog-User-Project": config.account}
        url = f"{_API}{_workflow(stack, config, name)}/executions"
        answer = httpx.post(url, json={"argument": "{}"}, headers=headers, timeout=_SECONDS)
    except ProviderError as error:
        raise BadInput(f"{section}.{name}: {error}") from None
    except httpx.HTTPError as error:
        raise BadInput(
            f"{section}.{name}: Google gives no answer ({type(error).__name__}), and a run may have started; see "
            f"`gcloud workflows executions list {stack}-{name}`"
        ) from None
    said = _object(answer)
    if not answer.is_success:
        words = " ".join(str(_object_at(said, "error").get("message", "")).split())[:200]
        raise BadInput(
            f"{section}.{name}: Google refuses to start a run ({answer.status_code}: {words}); "
            f"bring {stack} up first, and start it as its data-scientist persona or its deployer"
        )
    if not said.get("name"):
        raise BadInput(f"{section}.{name}: Google's answer names no execution; see whether a run started")
    return str(said["name"])


def _workflow(stack: str, config: StackConfig, name: str) -> str:
    return f"projects/{config.account}/locations/{config.region}/workflows/{stack}-{name}"


def _object(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        found: Any = answer.json()
    except ValueError:
        return {}
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}


def _object_at(said: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found: Any = said.get(key)
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}
