"""What expires: the folders of the stack's own artifact store whose files are deleted after some days."""

from collections.abc import Mapping

from stacks.model import StackConfig
from stacks.sections import batch_jobs, training


def expiring(config: StackConfig, store: str) -> Mapping[str, int]:
    """After how many days files are deleted, by their folder in the stack's own store, in order of their names.

    `store` is what addresses in it begin with, such as `s3://BUCKET/`. What lies in a bucket of others is not there.
    """
    asked: dict[str, int] = {}
    for uri, days in (*batch_jobs.expiring(config), *training.expiring(config)):
        asked[uri] = max(days, asked.get(uri, 0))
    return {uri.removeprefix(store): days for uri, days in sorted(asked.items()) if uri.startswith(store)}
