"""A neutral server: it answers for the version in a bundle as the Open Inference Protocol says, on no platform.

    python -m operations.export.serving DIR

It listens on a free port of this machine alone, and prints it. It has a reader for each format that it serves and runs
no code out of a bundle: what has no reader here is said by name to be `not yet`, and a pickle is refused.

https://github.com/open-inference/open-inference-protocol/blob/main/specification/protocol/inference_rest.md and
open_inference_rest.yaml beside it
"""

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

from catalogue import versions
from catalogue.errors import BadInput
from catalogue.versions import Column, Elsewhere, Standardise, Tensor, Version, tensor
from examples.serving import predictor
from examples.serving.predictor import BadModel, BadRequest
from examples.serving.server import Answer, Request, Route, Server, json_answer
from operations.export.reading import Broken, Bundle, read

ADDRESS = "127.0.0.1"
_PICKLES = frozenset({".pkl", ".pickle", ".joblib", ".dill", ".pt", ".pth", ".bin", ".npy", ".npz"})
"""How files end whose readers run what stands in them, or may: https://docs.python.org/3/library/pickle.html"""
Json = dict[str, Any]
Tensors = Mapping[str, tuple[list[int], list[Any]]]
"""By its name, a tensor's shape and its values, row by row."""
Predict = Callable[[Tensors], Tensors]


class NotYet(Exception):
    """Nothing here serves that version outside of its platform. `str()` names what is missing."""


@dataclass(frozen=True)
class Served:
    """What answers for a version."""

    version: Version
    predict: Predict


def load(bundle: Bundle) -> Served:
    """What serves the version of a bundle. Raises NotYet, and Broken where the artifact is not what the record says."""
    version = bundle.version
    for file in version.artifact.files:
        ending = PurePosixPath(file.path).suffix.lower()
        if ending in _PICKLES or bundle.begins(file.path, 2) in _PROTOCOLS:
            raise NotYet(
                f"{file.path} is a pickle or may be one, which runs code when it is read; nothing here reads it"
            )
    reader = READERS.get(version.artifact.format)
    if reader is None:
        raise NotYet(
            f"nothing here serves the format {version.artifact.format!r}, allowed: {', '.join(READERS)}; the bundle "
            "is whole, and nobody compared its predictions"
        )
    if elsewhere := [one for one in version.preprocessing if isinstance(one, Elsewhere)]:
        raise NotYet(f"the preprocessing is code {elsewhere[0].operation[3:]!r}, which nothing here runs")
    return Served(version, reader(bundle))


_PROTOCOLS = frozenset(bytes([0x80, protocol]) for protocol in range(2, 6))
"""How a pickle begins, from protocol 2 on."""


def _standardised(bundle: Bundle) -> Predict:
    """The example's format: a logistic regression on standardised numbers, in JSON."""
    version = bundle.version
    if strange := [one.path for one in version.artifact.files if one.path not in (predictor.FILE, "MLmodel")]:
        raise NotYet(f"{strange[0]} is no file of the format {predictor.FORMAT!r}; nothing here reads it")
    if predictor.FILE not in {one.path for one in version.artifact.files}:
        raise Broken(f"the artifact has no {predictor.FILE}, which the format {predictor.FORMAT!r} is made of")
    content = bundle.open(predictor.FILE)
    try:
        versions.parsed(content, predictor.FILE)  # the predictor would take the last of two keys
        model = predictor.parse(content)
    except (BadInput, BadModel, OverflowError) as error:
        raise Broken(f"{predictor.FILE} cannot be used: {error}") from None
    wide = len(model.features)
    said = [(tensor(one), one.name) for one in (*version.signature.inputs, *version.signature.outputs)]
    if [kind for kind, _ in said] != [("FP64", (-1, wide)), ("FP64", (-1,))]:
        raise Broken(
            f"the signature is not that of {predictor.FILE}: it takes FP64 of [-1, {wide}] and gives FP64 of [-1]"
        )
    does = [
        (one.name, one.mean, one.scale)
        for step in version.preprocessing
        for one in (step.columns if isinstance(step, Standardise) else ())
    ]
    if does != list(zip(model.features, model.means, model.scales, strict=True)) or len(version.preprocessing) != 1:
        raise Broken(
            f"the preprocessing is not that of {predictor.FILE}: it standardises {wide} features by its own numbers"
        )
    (_, asked), (_, answered) = said

    def predict(given: Tensors) -> Tensors:
        (many, _), values = given[asked]
        rows: object = [values[at : at + wide] for at in range(0, many * wide, wide)]
        return {answered: ([many], list(model.predict(rows)))}

    return predict


READERS: Mapping[str, Callable[[Bundle], Predict]] = {predictor.FORMAT: _standardised}
"""What reads each format that is served here."""


def server(served: Served, port: int = 0) -> Server:
    """The server of a version, on a port of this machine; 0 is a free one, which `server_port` has then."""
    version, name = served.version, served.version.name
    number = str(version.version)
    about = {
        "name": name,
        "versions": [number],
        "platform": version.artifact.format,
        "inputs": [_described(one) for one in version.signature.inputs],
        "outputs": [_described(one) for one in version.signature.outputs],
    }

    def infer(request: Request) -> Answer:
        said = _body(request.body)
        outputs = served.predict(_given(version, said))
        wanted = [one.get("name") for one in _list(said, "outputs", ())]
        if strange := [one for one in wanted if one not in outputs]:
            raise BadRequest(f"There is no output {strange[0]!r:.80}; there is {', '.join(outputs)}.")
        types = {one.name: tensor(one)[0] for one in version.signature.outputs}
        answer: Json = {"model_name": name, "model_version": number}
        if isinstance(said.get("id"), str):
            answer["id"] = said["id"]
        answer["outputs"] = [
            {"name": one, "shape": shape, "datatype": types[one], "data": data}
            for one, (shape, data) in outputs.items()
            if not wanted or one in wanted
        ]
        return json_answer(answer)

    routes: dict[tuple[str, str], Route] = {
        ("GET", "/v2/health/live"): _always({"live": True}),
        ("GET", "/v2/health/ready"): _always({"live": True}),
        ("GET", "/v2"): _always({"name": "mlplatform", "version": "2", "extensions": []}),
    }
    for at in (f"/v2/models/{name}", f"/v2/models/{name}/versions/{number}"):
        routes[("GET", at)] = _always(about)
        routes[("GET", f"{at}/ready")] = _always({"name": name, "ready": True})
        routes[("POST", f"{at}/infer")] = infer
    return Server((ADDRESS, port), routes, lambda status, sentence: json_answer({"error": sentence}, status))


def _always(value: Json) -> Route:
    """A route that answers alike at each call: the server listens only once its model is loaded."""

    def answered(request: Request) -> Answer:
        return json_answer(value)

    return answered


def _described(one: Tensor | Column) -> Json:
    datatype, shape = tensor(one)
    return {"name": one.name, "datatype": datatype, "shape": list(shape)}


def _body(body: bytes) -> Json:
    try:
        said = versions.parsed(body, "The body")
    except BadInput as error:
        raise BadRequest(f"{error}; send one object with 'inputs'.") from None
    if not isinstance(said, dict):
        raise BadRequest("The body is no object; send one with 'inputs'.")
    return cast(Json, said)


def _list(said: Json, key: str, other: Any = None) -> list[Json]:
    found: Any = said.get(key, other)
    items = list(cast("list[Any]", found)) if isinstance(found, list | tuple) else None
    if items is None or not all(isinstance(one, dict) for one in items):
        raise BadRequest(f"The body has no list of objects under {key!r}; send what the protocol has there.")
    return items


def _given(version: Version, said: Json) -> Tensors:
    """The tensors of a request by the signature's names. Raises BadRequest for any that the signature does not have."""
    given = _list(said, "inputs")
    names = [one.name for one in version.signature.inputs]
    if sorted(str(one.get("name")) for one in given) != sorted(names):
        raise BadRequest(f"The inputs must be {', '.join(names)}, once each and no other.")
    found: dict[str, tuple[list[int], list[Any]]] = {}
    for wanted in version.signature.inputs:
        one = next(one for one in given if one["name"] == wanted.name)
        datatype, form = tensor(wanted)
        shape: Any = one.get("shape")
        fits = isinstance(shape, list) and len(cast("list[Any]", shape)) == len(form)
        sizes = cast("list[Any]", shape) if fits else []
        whole = all(isinstance(size, int) and not isinstance(size, bool) and size >= 0 for size in sizes)
        fits = fits and whole and all(known in (-1, size) for known, size in zip(form, sizes, strict=True))
        values = _flat(one.get("data"))
        if one.get("datatype") != datatype or not fits or math.prod(sizes) != len(values):
            raise BadRequest(
                f"{wanted.name} must be {datatype} of the shape {list(form)}, with as many values as that says."
            )
        found[wanted.name] = (sizes, values)
    return found


def _flat(data: Any) -> list[Any]:
    """The values of a tensor row by row: the protocol takes them flat, or nested as the shape is."""
    if not isinstance(data, list):
        return [data]
    flat: list[Any] = []
    left: list[Any] = [data]
    while left:
        one = left.pop()
        if isinstance(one, list):
            left.extend(reversed(cast("list[Any]", one)))
        else:
            flat.append(one)
    return flat


def main(folder: Path) -> None:
    """Serve the bundle in a folder until this process is ended, and print the port. Exit 1 where nothing serves it."""
    try:
        listening = server(load(read(folder)))
    except (Broken, NotYet, BadInput) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
    with listening:
        sys.stdout.write(f"{listening.server_port}\n")
        sys.stdout.flush()
        listening.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
