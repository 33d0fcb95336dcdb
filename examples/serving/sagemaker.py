"""The container on Amazon SageMaker: `/ping` and `/invocations` on port 8080, for endpoints and for batch transform.

Sources: "Custom Inference Code with Hosting Services",
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html, and "Custom Inference Code with
Batch Transform", https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html
"""

from collections.abc import Mapping
from pathlib import Path

from examples.serving.predictor import BadRequest, load, rows_of_csv
from examples.serving.server import Answer, Request, Server, healthy, json_answer, read_json, run, text_answer

FOLDER = Path("/opt/ml/model")
"""Where SageMaker unpacks model.tar.gz."""
PORT = 8080


def serve(folder: Path, address: tuple[str, int]) -> Server:
    """The server of the model in the folder. Raises BadModel where it cannot be used.

    JSON is answered in JSON, CSV with a prediction a line. A refusal is plain text, for SageMaker hands it to the
    caller as the message of its ModelError.
    """
    predictor = load(folder)

    def invocations(request: Request) -> Answer:
        match request.type:
            case "application/json":
                return json_answer({"predictions": predictor.predict(read_json(request.body, "instances"))})
            case "text/csv":
                predictions = predictor.predict(rows_of_csv(_text(request.body)))
                # No newline at the end: a transform job with AssembleWith: Line adds its own.
                return Answer("\n".join(map(str, predictions)).encode(), "text/csv; charset=utf-8")
            case other:
                return text_answer(415, f"The body is {other}; send application/json or text/csv.")

    routes = {("GET", "/ping"): healthy, ("POST", "/invocations"): invocations}
    return Server(address, routes, text_answer)


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest("The body is no UTF-8; send CSV in UTF-8.") from error


def _of(environment: Mapping[str, str]) -> Server:
    return serve(FOLDER, ("0.0.0.0", PORT))


if __name__ == "__main__":
    run(_of)
