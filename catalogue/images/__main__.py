"""Write `aws.json` again: `python -m catalogue.images FOLDER COMMIT DATE`."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from catalogue.hardware.catalogue import load

SOURCE = "https://github.com/aws/sagemaker-python-sdk/tree/{}/sagemaker-core/src/sagemaker/core/image_uri_config"


def _said(part: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """Every repository in a file of the SDK, with its accounts by region."""
    if not isinstance(part, dict):
        return
    values = cast(dict[str, Any], part)
    if "registries" in values and isinstance(values.get("repository"), str):
        yield values["repository"], values["registries"]
    for value in values.values():
        yield from _said(value)


def write(folder: Path, commit: str, date: str) -> str:
    """The text of `aws.json`. Repositories that stand in the same accounts share an entry."""
    other, accounts = load("aws").other_partitions or "", dict[str, dict[str, str]]()
    for file in sorted(folder.glob("*.json")):
        for name, by_region in _said(json.loads(file.read_text(encoding="utf-8"))):
            accounts.setdefault(name, {}).update(by_region)
    alike: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for name, by_region in sorted(accounts.items()):
        ours = {region: account for region, account in by_region.items() if not re.fullmatch(other, region)}
        alike.setdefault(tuple(sorted(ours.items())), []).append(name)
    listed = [{"repositories": names, "accounts": dict(of)} for of, names in alike.items()]
    said = {"source": SOURCE.format(commit), "date": date, "registries": listed}
    return f"{json.dumps(said, indent=1)}\n"


if __name__ == "__main__":
    Path(__file__).with_name("aws.json").write_text(write(Path(sys.argv[1]), *sys.argv[2:4]), encoding="utf-8")
