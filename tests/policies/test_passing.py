"""Which folders of a stack file a lifecycle may empty before anything stands that writes there."""

from catalogue.graph import Graph
from catalogue.placement import Placement
from policies.passing import folders

STORE = "azureml://datastores/artifacts/paths/"
SCORES, TRAINED, CHECKPOINTS = (f"{STORE}{one}/" for one in ("batch/scores", "training/fraud", "training/fraud/kept"))


def test_checkpoints_and_scores_pass_and_what_was_trained_stays() -> None:
    placement = Placement(
        environment="pilot",
        team="t",
        account="a",
        region="r",
        addresses=(SCORES, TRAINED, CHECKPOINTS, f"{STORE}models/fraud"),
        containers=(f"--checkpoints={CHECKPOINTS}", f"--output={TRAINED}", "--regularization=0.1"),
    )
    ground = Graph("s", "azure", (), {}, placement=placement)
    assert folders(ground, ()) == {SCORES, CHECKPOINTS}
    # A form of an address that is read from any text that has one: the words of a container are none.
    found = folders(ground, (), lambda uri: uri.partition("/paths/")[2])
    assert found == {"batch/scores/", "training/fraud/kept/"}
