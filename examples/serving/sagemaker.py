"""The container on Amazon SageMaker: `/ping` and `/invocations` on port 8080, for endpoints and for batch transform.

Where SageMaker starts it for several models, it loads and unloads each as it is told, and answers for it by the name
that SageMaker gave it.

Sources: "Custom Containers Contract for Multi-Model Endpoints",
https://docs.aws.amazon.com/sagemaker/latest/dg/mms-container-apis.html; "Custom Inference Code with Hosting Services",
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html, and "Custom Inference Code with
Batch Transform", https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from examples.serving.predictor import BadModel, BadRequest, Predictor, load, rows_of_csv
from examples.serving.server import (
    NAMED,
    Answer,
    Request,
    Route,
    Server,
    healthy,
    json_answer,
    read_json,
    run,
    text_answer,
)

FOLDER = Path("/opt/ml/model")
"""Where SageMaker unpacks model.tar.gz."""
PORT = 8080
SEVERAL = "SAGEMAKER_MULTI_MODEL"
"""The variable that SageMaker sets to `true` in a container of several models: "Build Your Own Container",
https://docs.aws.amazon.com/sagemaker/latest/dg/build-multi-model-build-container.html"""


def serve(folder: Path, address: tuple[str, int]) -> Server:
    """The server of the model in the folder. Raises BadModel where it cannot be used.

    JSON is answered in JSON, CSV with a prediction a line. A refusal is plain text, for SageMaker hands it to the
    caller as the message of its ModelError.
    """
    predictor = load(folder)

    def invocations(request: Request) -> Answer:
        return _predict(predictor, request)

    routes = {("GET", "/ping"): healthy, ("POST", "/invocations"): invocations}
    return Server(address, routes, text_answer)


def serve_several(address: tuple[str, int]) -> Server:
    """The server of the models that it is told to load, each from a folder of its own. It starts with none of them.

    What is loaded already is 409, and what is not loaded 404, as the contract has it. A model that cannot be used is
    400; one that finds no memory ends the container, and SageMaker starts it anew.
    """
    loaded: dict[str, tuple[str, Predictor]] = {}

    def about(name: str) -> dict[str, str]:
        return {"modelName": name, "modelUrl": loaded[name][0]}

    def load_one(request: Request) -> Answer:
        name, url = (str(read_json(request.body, key)) for key in ("model_name", "url"))
        if name in loaded:
            return text_answer(409, f"The model {name} is loaded already.")
        try:
            loaded[name] = url, load(Path(url))
        except BadModel as error:
            return text_answer(400, str(error))
        return json_answer(about(name))

    def found(answer: Callable[[Request], Answer]) -> Route:
        def route(request: Request) -> Answer:
            if request.named not in loaded:
                return text_answer(404, f"The model {request.named} is not loaded.")
            return answer(request)

        return route

    def unload(request: Request) -> Answer:
        del loaded[request.named]
        return Answer()

    routes: dict[tuple[str, str], Route] = {
        ("GET", "/ping"): healthy,
        ("GET", "/models"): lambda request: json_answer({"models": [about(name) for name in sorted(loaded)]}),
        ("POST", "/models"): load_one,
        ("GET", f"/models/{NAMED}"): found(lambda request: json_answer(about(request.named))),
        ("DELETE", f"/models/{NAMED}"): found(unload),
        ("POST", f"/models/{NAMED}/invoke"): found(lambda request: _predict(loaded[request.named][1], request)),
    }
    return Server(address, routes, text_answer)


def _predict(predictor: Predictor, request: Request) -> Answer:
    match request.type:
        case "application/json":
            return json_answer({"predictions": predictor.predict(read_json(request.body, "instances"))})
        case "text/csv":
            predictions = predictor.predict(rows_of_csv(_text(request.body)))
            # No newline at the end: a transform job with AssembleWith: Line adds its own.
            return Answer("\n".join(map(str, predictions)).encode(), "text/csv; charset=utf-8")
        case other:
            return text_answer(415, f"The body is {other}; send application/json or text/csv.")


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest("The body is no UTF-8; send CSV in UTF-8.") from error


def server_of(environment: Mapping[str, str]) -> Server:
    """The server that SageMaker asks for by the container's variables."""
    at = ("0.0.0.0", PORT)
    return serve_several(at) if environment.get(SEVERAL) == "true" else serve(FOLDER, at)


if __name__ == "__main__":
    run(server_of)
