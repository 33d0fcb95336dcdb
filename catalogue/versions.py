"""The record of a model version: the unit of a registry, whichever platform it stands on.

It says which files the artifact is made of, which image serves them, what goes in and comes out, what is done to the
numbers first, how good the model is and what its gate compared, where all of it came from, and a request with its
recorded answer. Its SHA-256 is the version's digest, which a stack file names. So its bytes are a function of what it
says: JSON with sorted keys and no white space, as RFC 8785 has it (https://www.rfc-editor.org/rfc/rfc8785), but with
numbers as Python writes them.

An approval is no part of it, for it comes later. It is kept beside it, and names the digest that it approves.
"""

import hashlib
import json
import math
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from catalogue import files
from catalogue.documents import once
from catalogue.errors import BadInput

RECORD = "version.json"
APPROVAL = "approval.json"
ARTIFACT = "artifact"
ORIGIN = "origin.json"
"""Where a version's folder has its record, what was decided on it, its artifact's files, and from where it came."""
LARGEST = 16 * 1024 * 1024
"""Bytes of the largest record that is read."""

Json = dict[str, Any]
DIGEST = r"^sha256:[0-9a-f]{64}$"
Digest = Annotated[str, StringConstraints(pattern=DIGEST)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=63)]
Number = Annotated[int, Field(ge=1, lt=2**31)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=False)]
Pinned = Annotated[str, StringConstraints(pattern=r"^[^\s@]+@sha256:[0-9a-f]{64}$", max_length=512)]
"""An image by its digest, which no push changes."""
Finite = Annotated[float, Field(allow_inf_nan=False)]


def _inside(path: str) -> str:
    """A path that stays in its folder, on every system, and is written in one way."""
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*", path):
        raise ValueError(
            "must be a path below its folder, of letters, digits, '.', '_' and '-', none beginning with '.'"
        )
    return path


def _some(many: tuple[Any, ...]) -> tuple[Any, ...]:
    if not many:
        raise ValueError("must have one or more")
    return many


Some = AfterValidator(_some)
"""A list that has something in it."""
Inside = Annotated[str, StringConstraints(max_length=240), AfterValidator(_inside)]


class Entry(BaseModel):
    """One part of a record. What it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class File(Entry):
    """One file of the artifact."""

    path: Inside
    sha256: Digest
    size: Annotated[int, Field(ge=0, lt=2**53)]


class Artifact(Entry):
    """The trained artifact: what reads it, and its files."""

    format: Text
    """What reads it, such as `standardised-logistic-regression/1`, `onnx` or `mlflow`."""
    files: Annotated[tuple[File, ...], Some]

    @model_validator(mode="after")
    def _apart(self) -> "Artifact":
        apart([file.path for file in self.files])
        return self


def apart(paths: Sequence[str]) -> None:
    """Raise ValueError where two paths could not lie in one folder: where letters' case counts for nothing, too."""
    seen: set[str] = set()
    for path in sorted(path.lower() for path in paths):
        above = {path[: found.start()] for found in re.finditer("/", path)}
        if path in seen or seen & above:
            raise ValueError(f"has {path} twice, or as a file and a folder; give each file one path")
        seen.add(path)


class TensorSpec(Entry):
    """The type of a tensor, in NumPy's name, and its shape; -1 is any length."""

    dtype: Literal[
        "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "str"
    ]
    shape: Annotated[tuple[Annotated[int, Field(ge=-1)], ...], Some, Field(max_length=16)]


class Tensor(Entry):
    """A tensor of a signature, as MLflow writes one in MLmodel."""

    name: Text
    type: Literal["tensor"]
    spec: TensorSpec = Field(alias="tensor-spec")


class Column(Entry):
    """A column of a signature, as MLflow writes one in MLmodel."""

    name: Text
    type: Literal["boolean", "integer", "long", "float", "double", "string"]
    required: Literal[True] = True


Field_ = Annotated[Tensor | Column, Field()]


class Signature(Entry):
    """What goes in and comes out. https://mlflow.org/docs/latest/ml/model/signatures/"""

    inputs: Annotated[tuple[Field_, ...], Some]
    outputs: Annotated[tuple[Field_, ...], Some]


class Standard(Entry):
    """The mean and the scale of one feature."""

    name: Text
    mean: Finite
    scale: Annotated[Finite, Field(gt=0)]


class Standardise(Entry):
    """From each feature its mean is taken, and the rest is divided by its scale."""

    operation: Literal["standardise"]
    columns: Annotated[tuple[Standard, ...], Some]


class Elsewhere(Entry):
    """The preprocessing is code, which lies in the artifact or only in the image that serves it."""

    operation: Literal["in-artifact", "in-image"]
    says: Text


class Nothing(Entry):
    """Nothing is done to what goes in, and why that is so."""

    operation: Literal["none"]
    why: Text


Operation = Annotated[Standardise | Elsewhere | Nothing, Field(discriminator="operation")]


class Gate(Entry):
    """What the gate compared before the version was registered: a metric with a bound."""

    metric: Text
    bound: Finite
    sense: Literal["at-least", "at-most"]
    value: Finite

    @property
    def passed(self) -> bool:
        """Whether the gate let the version through."""
        return self.value >= self.bound if self.sense == "at-least" else self.value <= self.bound

    def __str__(self) -> str:
        return f"{self.metric} {self.value:g}, {self.sense.replace('-', ' ')} {self.bound:g}"


class Card(Entry):
    """What a person must know before the model is used. SageMaker's model cards and Azure's tags have the same words:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-cards.html
    """

    description: Text
    intended_use: Text
    limits: Text
    licence: Text
    owner: Text


class Data(Entry):
    """One thing that the version was made of: where it lies, or "" where it was not kept, and its hash."""

    what: Text
    uri: Annotated[str, StringConstraints(max_length=2000)]
    sha256: Digest


class Code(Entry):
    """The code that trained it. `unknown` is said where nobody wrote the commit down."""

    repository: Text
    commit: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64}|unknown)$")]


class Lineage(Entry):
    """Where a version came from."""

    data: Annotated[tuple[Data, ...], Some]
    code: Code
    training_image: Pinned
    run: Text
    parameters: dict[Text, str]


class Values(Entry):
    """A tensor with its numbers, row by row, as the Open Inference Protocol has it.

    https://github.com/open-inference/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
    """

    name: Text
    shape: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Some, Field(max_length=16)]
    datatype: str
    data: tuple[bool | int | Finite | str, ...]

    @model_validator(mode="after")
    def _whole(self) -> "Values":
        if math.prod(self.shape) != len(self.data):
            raise ValueError(f"has {len(self.data)} values, and its shape has {math.prod(self.shape)}; give each, flat")
        return self


class Request(Entry):
    """What was asked."""

    inputs: Annotated[tuple[Values, ...], Some]


class Response(Entry):
    """What was answered."""

    outputs: Annotated[tuple[Values, ...], Some]


class Recorded(Entry):
    """A request, and what the model answered when the version was registered."""

    request: Request
    response: Response


DATATYPES = {
    "boolean": "BOOL",
    "integer": "INT32",
    "long": "INT64",
    "float": "FP32",
    "double": "FP64",
    "string": "BYTES",
    "bool": "BOOL",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "float32": "FP32",
    "float64": "FP64",
    "str": "BYTES",
}
"""The protocol's name of each type of a signature (its page, "Tensor Data Types")."""


SCHEMA: Literal["mlplatform-model-version/1"] = "mlplatform-model-version/1"
"""What a record says that it is."""


class Version(Entry):
    """The record of one version of a model."""

    schema_: Literal["mlplatform-model-version/1"] = Field(alias="schema")
    name: Name
    version: Number
    artifact: Artifact
    image: Pinned
    signature: Signature
    preprocessing: Annotated[tuple[Operation, ...], Some]
    metrics: Annotated[dict[Text, Finite], Field(min_length=1)]
    gate: Gate | None = None
    """Optional, for records are older than it: a record without it keeps its bytes, and so its digest."""
    card: Card
    lineage: Lineage
    recorded: Recorded

    @model_validator(mode="after")
    def _measured(self) -> "Version":
        gate = self.gate
        if gate is not None and self.metrics.get(gate.metric) != gate.value:
            raise ValueError("gate has a value that is not that of its metric; write what the gate compared")
        return self

    @model_validator(mode="after")
    def _answers(self) -> "Version":
        _conforms(self.recorded.request.inputs, self.signature.inputs, "request")
        _conforms(self.recorded.response.outputs, self.signature.outputs, "response")
        return self


def _conforms(values: Sequence[Values], signature: Sequence[Tensor | Column], what: str) -> None:
    """Raise ValueError where a recorded tensor is none that the signature has."""
    if [one.name for one in values] != [one.name for one in signature]:
        raise ValueError(f"recorded.{what} has other names than the signature; record what the signature says")
    for given, said in zip(values, signature, strict=True):
        datatype, shape = tensor(said)
        if given.datatype != datatype or len(given.shape) != len(shape):
            raise ValueError(f"recorded.{what}: {given.name} is no {datatype} of {len(shape)} dimensions")
        if any(wanted not in (-1, found) for found, wanted in zip(given.shape, shape, strict=True)):
            raise ValueError(f"recorded.{what}: {given.name} has the shape {list(given.shape)}, not {list(shape)}")


def tensor(said: Tensor | Column) -> tuple[str, tuple[int, ...]]:
    """The protocol's type and shape of one field of a signature. A column is a value a row."""
    if isinstance(said, Column):
        return DATATYPES[said.type], (-1,)
    return DATATYPES[said.spec.dtype], said.spec.shape


class Approval(Entry):
    """What a person decided on a version, kept beside it. It counts for the record of that digest alone."""

    schema_: Literal["mlplatform-approval/1"] = Field(alias="schema")
    digest: Digest
    decision: Literal["approved", "rejected"]
    by: Text
    at: AwareDatetime
    why: Text


class Origin(Entry):
    """From where a version was copied, kept beside its record. Its record, and so its digest, stay what they were."""

    schema_: Literal["mlplatform-origin/1"] = Field(alias="schema")
    stack: Name
    account: Text
    version: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*@[1-9][0-9]{0,9}$")]
    digest: Digest
    image: Pinned
    approved_by: Annotated[str, StringConstraints(max_length=4000)]
    approved_because: Annotated[str, StringConstraints(max_length=4000)]


def is_copy(origin: bytes | None, record: "Version", content: bytes, where: str) -> bool:
    """Whether what lies beside a record says that it is a copy of this one. Raises BadInput where it is unreadable."""
    if origin is None:
        return False
    said = files.validated(parsed(origin, where), where, Origin, origin)
    return (said.version, said.digest) == (f"{record.name}@{record.version}", digest(content))


def digest(content: bytes) -> str:
    """The digest of a content, as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def canonical(value: Any) -> bytes:
    """JSON that says the same in the same bytes. Raises ValueError for what JSON does not have, such as NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def written(entry: Entry) -> bytes:
    """An entry as it lies beside a record, or as one."""
    return canonical(entry.model_dump(mode="json", by_alias=True))


def read(content: bytes, called: str) -> Version:
    """The record in these bytes, whose digest is theirs. Raises BadInput, one sentence a mistake.

    What is not written as `canonical` writes it is refused: one record would else have many digests.
    """
    said = parsed(content, called)
    found = files.validated(said, called, Version, content)
    try:
        same = canonical(said) == content
    except ValueError:  # a number that is too large, or half a surrogate pair
        same = False
    if not same:
        raise BadInput(f"{called}: is not canonical JSON; write it with sorted keys and without white space")
    return found


def read_approval(content: bytes, called: str) -> Approval:
    """What was decided. Raises BadInput, one sentence a mistake."""
    return files.validated(parsed(content, called), called, Approval, content)


def schema() -> Json:
    """The JSON Schema of a record, for those who write one elsewhere."""
    found = Version.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def parsed(content: bytes, called: str) -> Any:
    """What JSON says that many readers read alike. Raises BadInput where it is none, or has a key twice."""
    if len(content) > LARGEST:
        raise BadInput(f"{called}: is larger than {LARGEST} bytes, which is the most that is read")
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        said = str(error) if str(error).startswith("names ") else "is no JSON that can be read"
        raise BadInput(f"{called}: {said}") from None


def _refuse(word: str) -> float:
    raise ValueError(word)
