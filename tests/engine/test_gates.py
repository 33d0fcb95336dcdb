"""The whole path on the real engine: `up` serves a registered version only once its approver approved it.

The training job of the stack runs for real, with the example's own container program, and so does its pipeline: from
the raw table to a candidate, which is registered, refused until it is approved, served, promoted to a second stack in
another account, which has an approver of its own, taken back, exported and verified. Whoever may not approve is
refused by the cloud's own model of access, on what stands.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from catalogue.registered import APPROVED
from examples.pack import NAME
from operations.drill.cloud import cloud_of
from operations.promoting import registering
from operations.sandboxes.registering import known_of
from policies.personas import table
from policies.personas.simulation import cloud, requests
from sandbox import batch, byhand, promotion, training
from sandbox.engine import Engine
from stacks.config import read_stack_file
from stacks.sections import models
from tests.engine.standing import UNAPPROVED, Stand, without_example
from tests.operations.promoting.test_promoting import run
from tests.promoting import ACCOUNTS, file_of

NOT_PROMOTED = ("training", "experiments", "pipelines")
"""What makes versions. The second stack has none of it: its versions come from the first."""
DESKTOPS = "/subscriptions/99998888-7777-4666-8555-222211110000/resourceGroups/desktops"
DECIDES = {
    "aws": ("approve", "sagemaker:UpdateModelPackage"),
    "gcp": ("decide", "storage.objects.create"),
    "azure": ("approve-version", "Microsoft.MachineLearningServices/workspaces/models/versions/write"),
}
"""The approver's task in the table of personas, and the call of it that writes the decision."""


@pytest.mark.usefixtures("long")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_from_the_raw_table_to_a_second_stack_and_back_only_what_is_approved_is_served(
    new_account: Callable[[], Engine], platform: str, tmp_path: Path
) -> None:
    engine = new_account()
    dev = Stand(engine, f"{platform}-dev", file_of(platform, f"{platform}-dev", tmp_path, {}), tmp_path)
    dev.comes_up(dev.steps)

    made = candidate(dev, ran(dev))
    assert all(promotion.register(dev.state, made))
    before = dev.serving()
    dev.names(2, made.digest)
    assert UNAPPROVED in dev.up() and dev.serving() == before
    byhand.decide(dev.state, made.called, APPROVED, made.digest)
    assert dev.up() == ""
    assert dev.answers(), "the pipeline's own model answers"

    test = promoted(dev, made)
    assert test.answers(), "in the other account too"

    (first,) = (one for one in models.of(read_stack_file(dev.file)).values() if one.registered)
    dev.names(1, str(first.digest))
    assert dev.up() == "", "the way back is the same two lines"
    assert dev.answers() and test.answers()

    leaves(test, made, tmp_path / "bundle")
    approvers_alone(dev.deployed(), test.deployed())


def ran(stand: Stand) -> str:
    """Run the training jobs and the pipeline of the stack. Returns where the run left its candidate."""
    jobs = [record for record, _ in batch.jobs(stand.state)]
    paths, trains = ([one for one in jobs if is_(one)] for is_ in (training.is_pipeline, training.trains))
    (path,) = (one for one in paths if "fraud-path" in one.name)
    (job,), (search,) = ([one for one in trains if bool(training.of(one).search(one)) is of] for of in (False, True))
    assert "trained" in byhand.run(stand.state, job.name)
    assert "the best of 6 trials is" in byhand.run(stand.state, search.name)
    said = byhand.run(stand.state, path.name).splitlines()
    assert [line.partition(":")[0] for line in said] == ["prepare", "train", "evaluate", "gate", "register"]
    for other in (one for one in paths if one is not path):
        said = byhand.run(stand.state, other.name).splitlines()
        did = list(dict.fromkeys(line.partition(":")[0] for line in said))
        if "fraud-best" in other.name:
            assert did == ["prepare", "train", "search", "compare"] and "the best of 2 models is" in said[-1]
        else:
            assert did == ["rows", "score", "report"] and "scored " in said[1]
    lie = stand.state.account.artifacts()
    (address,) = (one for one in lie if "/pipelines/" in one and "/register" in one)
    return address


def candidate(stand: Stand, address: str) -> promotion.Candidate:
    """What a run of the pipeline left there, as the registry of the stack is to have it."""
    left = stand.state.content.kept(stand.state.account.digest(address))
    assert left is not None
    found = registering.candidate(f"{NAME}@2", stand.file, address, left)
    (stand.folder / "laid").mkdir()
    return known_of(found, stand.folder / "laid")


def promoted(dev: Stand, made: promotion.Candidate) -> Stand:
    """A second stack in another account, which serves the version of the first once its own approver approved it."""
    platform, stack = dev.platform, f"{dev.platform}-test"
    own, other = ACCOUNTS[platform]
    key = cloud_of(platform).key(dev.state, own)
    comes = {"account": own, "granted_by": "change 4711", **({"key": key} if key else {})}
    file = file_of(platform, stack, dev.folder, {"takes_from": {dev.stack: comes}})
    # On azure the network that people come from lies in a third subscription, and so outside of the sandbox.
    text = file.read_text(encoding="utf-8").replace(f"/subscriptions/{other}/resourceGroups/desktops", DESKTOPS)
    tree = yaml.safe_load(text)
    for section in NOT_PROMOTED:
        tree["config"].pop(f"mlplatform:{section}", None)
    jobs = tree["config"].get("mlplatform:batch_jobs", {})
    for name in [name for name, job in jobs.items() if "schedule" not in job]:  # a step of a pipeline alone does it
        del jobs[name]
    # The group of packages of the new stack numbers its own versions; elsewhere the number stays.
    (served,) = (one for one in tree["config"]["mlplatform:models"].values() if "registered" in one)
    served |= {"version": 1 if platform == "aws" else 2, "digest": made.digest}
    file.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    test = Stand(dev.engine, stack, file, dev.folder)

    steps = [without_example(one) for one in test.steps]
    (at,) = (number for number, one in enumerate(steps) if any(look.what == "registered" for look in one.looks))
    for step in steps[:at]:
        test.does(step)
    with pytest.raises(BadInput, match="is not authorized by"):
        promotion.promote(dev.state, made.called, stack)
    goes = {"account": other, "publisher": cloud_of(platform).publisher(dev.state, stack)}
    dev.says(registry={"gives_to": {stack: goes}})
    assert dev.up() == ""
    assert "waits for the approver" in promotion.promote(dev.state, made.called, stack)
    test.comes_up(steps[at + 1 :])
    return test


def leaves(stand: Stand, made: promotion.Candidate, to: Path) -> None:
    """The version leaves from where the second registry has it, and answers outside of its platform."""
    (artifact,) = (one for one in stand.state.account.artifacts() if lies_in(stand, one))
    lies = artifact.rstrip("/").rpartition("/")[0]
    asked = ("--from", f"{lies}/", "--sandbox", stand.engine.home.path, "--to", to)
    said = run("export", stand.file, f"{NAME}@2", *asked)
    assert f"record {made.digest}" in said
    assert "answers outside of its platform as it was recorded: 8 values" in run("export", "--verify", to)


def lies_in(stand: Stand, address: str) -> bool:
    """Whether an artifact is that of the version in the stack's own registry; azure's addresses name no stack."""
    ends = ("/1/model.tar.gz",) if stand.platform == "aws" else ("/2/artifact/", "/2/artifact")
    own = stand.platform == "azure" or f"{stand.stack}-artifacts" in address
    return own and f"/registry/{NAME}" in address and address.endswith(ends)


def approvers_alone(*graphs: Graph) -> None:
    """By what stands, each stack's approver may decide on its versions, and nobody else, the other's approver too."""
    for graph in graphs:
        name, decides = DECIDES[graph.platform]
        (task,) = (one for one in table(graph.platform).tasks if one.name == name)
        writes = [one for one in requests(graph, task) if one.do == decides]
        assert writes
        for other in graphs:
            refusal = cloud(other).refusal
            for persona in table(graph.platform).made:
                refused = [refusal(other, persona, one) for one in writes]
                if other is graph and persona == "approver":
                    assert not any(refused), refused
                else:
                    assert all(refused), f"{persona} decides on a version"
