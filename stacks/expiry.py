"""What expires: the folders of the stack's own artifact store whose files are deleted after some days."""

from collections.abc import Mapping

from stacks.model import StackConfig
from stacks.sections import batch_jobs, pipelines, training


def expiring(config: StackConfig, store: str) -> Mapping[str, int]:
    """After how many days files are deleted, by their folder in the stack's own store, in order of their names.

    `store` is what addresses in it begin with, such as `s3://BUCKET/`. What lies in a bucket of others is not there.
    Jobs that share a folder ask for the same days: the sections refuse others.
    """
    asked = sorted((*batch_jobs.expiring(config), *training.expiring(config), *pipelines.expiring(config)))
    return {uri.removeprefix(store): days for uri, days in asked if uri.startswith(store)}
