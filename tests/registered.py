"""The folder of a version of the example, as the step `register` writes it, without training anything."""

from pathlib import Path

from catalogue import versions
from examples.pack import HERE, digest_of_image, dockerfile
from examples.steps import __main__ as steps
from examples.steps.contract import as_json, digest


def registered(work: Path, platform: str = "aws", version: int = 1, name: str = "tumours") -> Path:
    """Register the model of `examples/` in a folder, with the rows that are recorded as the whole of its test part."""
    given = work / "given"
    given.mkdir(parents=True)
    names, *rows = (HERE / "recorded" / "azure" / "batch.csv").read_text(encoding="utf-8").splitlines()
    table = "".join(f"{line}\n" for line in (f"{names},diagnosis", *(f"{row},benign" for row in rows))).encode()
    for file in ("train.csv", "validation.csv", "test.csv"):
        (given / file).write_bytes(table)
    for file in ("model.json", "MLmodel"):
        (given / file).write_bytes((HERE / "model" / file).read_bytes())
    said = {
        "statistics.json": {"of": digest(b"the raw table")},
        "training.json": {"data": {"train.csv": digest(table)}, "parameters": {"regularization": 0.1}},
        "metrics.json": {"accuracy": 0.96},
        "gate.json": {"bound": 0.9, "metric": "accuracy", "passed": True, "sense": "at-least", "value": 0.96},
    }
    for file, value in said.items():
        (given / file).write_bytes(as_json(value))
    options = {
        "name": name,
        "version": str(version),
        "image": f"registry.example.com/mlplatform-example@{digest_of_image(dockerfile(platform))}",
        "training-image": f"registry.example.com/mlplatform-steps@{digest_of_image(HERE / 'steps.Dockerfile')}",
        "owner": "ml-platform@example.com",
        "data": "https://doi.org/10.24432/C5DW2B",
        "repository": "https://github.com/example/mlplatform",
        "commit": "a" * 40,
        "run": f"{platform}-run-1",
    }
    words = [word for option, value in options.items() for word in (f"--{option}", value)]
    assert steps.main(["register", "--in", str(given), "--out", str(work / "version"), *words]) == 0
    return work / "version"


def approve(folder: Path, decision: str = "approved") -> None:
    """Let somebody decide on the version in a folder."""
    said = {"schema": "mlplatform-approval/1", "digest": versions.digest((folder / versions.RECORD).read_bytes())}
    told = {"decision": decision, "by": "ana@example.com", "at": "2026-11-02T09:30:00+00:00", "why": "Measured anew."}
    (folder / versions.APPROVAL).write_bytes(versions.canonical({**said, **told}))
