"""A run of a batch job, started by hand: it finds its data, or fails in the cloud's words; so does one of training.

What it does with them is `sandbox/scoring.py`'s and `sandbox/training`'s. AWS's sentence is seen in
https://github.com/aws/amazon-sagemaker-examples/issues/2414, Azure's in
https://github.com/Azure/azure-sdk-for-python/issues/27318. Google's is assumed: no source was found.
"""

from collections.abc import Iterator

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.kind import Runs
from catalogue.kinds import kind_of
from catalogue.kinds.azure.machinelearningservices_jobs import BATCH_ENDPOINT
from catalogue.properties import Unreadable
from catalogue.registries import as_written
from catalogue.wording import listed
from sandbox.needs import of_record
from sandbox.state import State
from sandbox.state.records import Record

_EMPTY = {
    "aws": 'ValidationException: No S3 objects found under S3 URL "{data}" given in input data source. Please ensure '
    "that the bucket exists in the selected region ({region}), that objects exist under that S3 prefix, and that the "
    'role has "s3:ListBucket" permissions on the bucket.',
    "gcp": "JOB_STATE_FAILED: No files match {data}",
    "azure": 'data-capability.UriMountSession.PyFuseError: {{"NonCompliant":"DataAccessError(NotFound)"}}: {data}',
}
"""What the job of each platform says where nothing lies at the address of its data."""


def found(state: State, name: str) -> tuple[Record, list[str]]:
    """The job of that name that stands, and the addresses of its data, at each of which something lies.

    `name` is that of the state machine or the workflow. On azure it is that of the schedule, of the batch endpoint for
    runs by hand, or of both in the program. Raises BadInput where no such job stands, and where nothing lies at an
    address of its data.
    """
    standing = list(jobs(state))
    named = [(one, places) for one, places in standing if name in _names(state, one)]
    if not named:
        names = sorted({str(one.inputs.get("name") or one.name) for one, _ in standing})
        raise BadInput(
            f"{name[:80]!r}: no batch job, training job or pipeline of that name stands here"
            + (listed(names) if names else "; bring up what serves first")
        )
    ((job, places), *_) = named
    for data in places:
        if not state.account.has_artifact(data):
            said = _EMPTY[job.platform].format(data=as_written(data), region=job.region)
            raise BadInput(f"{job.name}: the run fails: {said}")
    return job, places


def _names(state: State, job: Record) -> set[str]:
    """The names by which people know a job. Azure's has two halves, a schedule and an endpoint for runs by hand."""
    whole = job.name.removesuffix("-schedule")
    by_hand = [one.inputs.get("endpointName") for one in state.resources.find(type=BATCH_ENDPOINT, name=whole)]
    return {str(name) for name in (job.name, job.inputs.get("name"), whole, *by_hand) if name}


def jobs(state: State) -> Iterator[tuple[Record, list[str]]]:
    """Each batch job and training job that stands, with its data. What cannot be read is a finding of the verdict."""
    standing = [(record, of_record(record)) for record in state.resources.all()]
    whole = tuple(resource for _, resource in standing)
    for record, resource in standing:
        kind = kind_of(record.type)
        if kind is None or not isinstance(kind.runs, Runs):
            continue
        try:
            data = list(kind.runs.data(Graph("", record.platform, whole, {}), resource))
        except Unreadable:
            continue
        if data:
            yield record, data
