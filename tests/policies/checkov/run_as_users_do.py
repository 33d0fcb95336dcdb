"""Runs Checkov's own runners over a folder of files with our checks beside its own, as `checkov -d` does.

Run it in Checkov's environment: `python -I run_as_users_do.py FOLDER CHECKS`. It prints a JSON list of triples: the
file, the check, and whether it passes.
"""

import json
import sys
from pathlib import Path

from checkov.arm.runner import Runner as Arm
from checkov.bicep.runner import Runner as Bicep
from checkov.runner_filter import RunnerFilter
from checkov.terraform.runner import Runner as Terraform

folder, checks = map(Path, sys.argv[1:])
ours = [f"CKV_MLP_{number}" for number in range(1, 100)]
said = []
once = [str(checks)]  # what is loaded serves every runner, and a second time would be refused
for runner, suffix in ((Terraform, ".tf"), (Arm, ".json"), (Bicep, ".bicep")):
    files = [str(file) for file in sorted(folder.glob(f"*{suffix}"))]
    report = runner().run(
        root_folder=None, external_checks_dir=once, files=files, runner_filter=RunnerFilter(checks=ours)
    )
    once = []
    for records, passed in ((report.passed_checks, True), (report.failed_checks, False)):
        said += [[Path(record.file_path).name, record.check_id, passed] for record in records]
    assert not report.parsing_errors, report.parsing_errors
json.dump(sorted(said), sys.stdout)
