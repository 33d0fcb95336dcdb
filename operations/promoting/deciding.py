"""The approver's word on a version of the registry, which `approve` and `reject` say."""

from collections.abc import Iterator
from pathlib import Path

from catalogue.errors import BadInput
from catalogue.registered import APPROVED, REJECTED
from operations.promoting import asked

LONGEST = 1024
"""Characters of an ApprovalDescription:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html
"""


def decided(file: Path, version: str, because: str, decision: str, yes: bool) -> Iterator[str]:
    """Approve or reject NAME@N of a stack as whoever is signed in, and say what is done or would be.

    Raises BadInput where the registry does not let it.
    """
    word, said = decision.lower(), " ".join(because.split())
    if not 10 <= len(said) <= LONGEST:
        raise BadInput(f"--because: found {len(said)} characters, allowed: 10 to {LONGEST:,}, which say why")
    one = asked(version, file)
    found = one.registry.found(one.stack, one.config, one.version)
    gate = found.record.gate
    metrics = ", ".join(f"{name} {value:g}" for name, value in found.record.metrics.items())
    passed = f"passed its gate: {gate}; " if gate is not None and gate.passed else ""
    yield f"{version}: {found.status}, {found.digest}; {passed}{metrics}; {found.record.lineage.run}"
    if found.status == decision:
        yield f"{version} is {word} already{f', because {found.because}' if found.because else ''}"
        return
    if not yes:
        command = one.registry.decision(one.stack, one.config, one.version, found, said, decision)
        yield f"nothing is {word} without --yes; it would be:\n    {command}"
        return
    one.registry.decide(one.stack, one.config, one.version, found, said, decision)
    yield f"{version} is {word}"
    if decision == REJECTED and found.status == APPROVED:
        yield "what serves it serves on; the next `pulumi up --refresh` ends before it, so name another version"
