"""The predictor: reads the model's JSON and scores rows of numbers. It needs Python's standard library and no more."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

FILE = "model.json"
FORMAT = "standardised-logistic-regression/1"


class BadRequest(ValueError):
    """What a caller sent cannot be scored. The message is one sentence that the caller reads."""


class BadModel(ValueError):
    """The model's file cannot be used. The message is one sentence that whoever starts the container reads."""


@dataclass(frozen=True)
class Predictor:
    """A logistic regression on standardised numbers.

    Each feature has a mean, a scale and a coefficient. A prediction is the probability of the model's `positive` class,
    rounded to six decimals, so that every machine gives the same digits.
    """

    features: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    coefficients: tuple[float, ...]
    intercept: float

    def predict(self, instances: object) -> list[float]:
        """The prediction of each instance, a list of numbers in the order of `features`.

        Raises BadRequest for what is no list of such lists.
        """
        if not isinstance(instances, list):
            raise BadRequest("The instances are no list; send a list with one list of numbers for each instance.")
        rows = cast(list[object], instances)
        return [self._one(number, row) for number, row in enumerate(rows, start=1)]

    def _one(self, number: int, row: object) -> float:
        if not isinstance(row, list):
            raise BadRequest(f"Instance {number} is no list; send its {len(self.features)} numbers as a list.")
        values = cast(list[object], row)
        if len(values) != len(self.features):
            raise BadRequest(
                f"Instance {number} has {len(values)} values; the model takes {len(self.features)}, "
                f"from {self.features[0]!r} to {self.features[-1]!r}."
            )
        terms = [
            coefficient * ((_number(value, number, feature) - mean) / scale)
            for value, feature, mean, scale, coefficient in zip(
                values, self.features, self.means, self.scales, self.coefficients, strict=True
            )
        ]
        if not all(map(math.isfinite, terms)):
            raise BadRequest(f"Instance {number} has a number that is too large to be scored.")
        return round(_probability(math.fsum((self.intercept, *terms))), 6)


def load(folder: Path) -> Predictor:
    """The predictor of the model file in a folder. Raises BadModel where there is none, or it is another format."""
    path = folder / FILE
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise BadModel(f"{path} cannot be read: {error.strerror}; put the model's file there.") from error


def parse(text: bytes) -> Predictor:
    """The predictor of a model file's content. Raises BadModel for any other content."""
    try:
        said: Any = json.loads(text)
        if said["format"] != FORMAT:
            raise BadModel(f"The model's format is {said['format']!r}; this predictor reads {FORMAT!r}.")
        columns = [tuple(map(float, said[key])) for key in ("means", "scales", "coefficients")]
        found = Predictor(tuple(map(str, said["features"])), *columns, intercept=float(said["intercept"]))
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, BadModel):
            raise
        raise BadModel(f"The model's file is not of the format {FORMAT!r}: {error!r}.") from error
    if {len(column) for column in columns} != {len(found.features)} or not found.features:
        raise BadModel("The model's file has not one mean, scale and coefficient for each feature.")
    if not all(map(math.isfinite, (*found.means, *found.scales, *found.coefficients, found.intercept))):
        raise BadModel("The model's file has a number that is not finite.")
    if not all(found.scales):
        raise BadModel("The model's file has a scale of 0.")
    return found


def rows_of_csv(text: str) -> list[list[float | str]]:
    """The rows of lines of comma-separated numbers. Empty lines are left out; what is no number stays text."""
    return [[_read(word) for word in line.split(",")] for line in text.splitlines() if line.strip()]


def _read(word: str) -> float | str:
    try:
        return float(word)
    except ValueError:
        return word


def _number(value: object, number: int, feature: str) -> float:
    # Python counts True as a number, and JSON does not.
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            found = float(value)
        except OverflowError:
            found = math.inf
        if math.isfinite(found):
            return found
    shown = repr(value)
    shown = shown if len(shown) <= 40 else f"{shown[:37]}..."
    raise BadRequest(f"Instance {number} has {shown} as {feature!r}; send a finite number.")


def _probability(score: float) -> float:
    # exp of a large positive number overflows; that of a large negative one is 0.
    if score >= 0:
        return 1 / (1 + math.exp(-score))
    return math.exp(score) / (1 + math.exp(score))
